import { balance, expect, history, historyRows, openPurchase, purchases, signIn, test } from '../support/test.ts';

test('a cancelled payment says that nothing was charged, and can be gone on with', async ({ page }) => {
  await signIn(page);
  const { purchase_id } = await openPurchase(page, 'credits_5');
  await page.goto(`/checkout/cancel?purchase_id=${purchase_id}`);
  await expect(page.getByRole('heading', { name: 'Nichts abgebucht' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('6,99 €');

  await page.getByRole('link', { name: 'Weiter zur Zahlung' }).click();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  expect(await purchases(page)).toMatchObject([{ id: purchase_id, status: 'PAID' }]);
});

test('a dropped purchase ends and cannot be paid any more', async ({ page }) => {
  await signIn(page);
  const { purchase_id, checkout_url } = await openPurchase(page, 'credits_5');
  await page.goto(`/checkout/cancel?purchase_id=${purchase_id}`);
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('heading', { name: 'Kauf beendet' })).toBeVisible();
  expect(await purchases(page)).toMatchObject([{ id: purchase_id, status: 'FAILED' }]);

  await page.goto(checkout_url);
  await expect(page.getByRole('heading', { name: 'Zahlung nicht zustande gekommen' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
});

test('the history leads back to an open purchase', async ({ page }) => {
  await signIn(page);
  await openPurchase(page, 'iza_pass');
  await page.goto('/');
  await expect(historyRows(page)).toContainText(['Offen']);
  await history(page).getByRole('link', { name: /^Fortsetzen/ }).click();
  await expect(page.getByRole('heading', { name: 'Nichts abgebucht' })).toBeVisible();
});
