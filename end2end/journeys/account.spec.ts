import { balance, buy, expect, signIn, test } from '../support/test.ts';

test('the account shows every entry, why it exists, and the balance as a picture', async ({ page, expectAccessible }) => {
  await signIn(page);
  await page.goto('/account');
  await expect(page.getByText('Noch keine Buchungen.')).toBeVisible();
  await expectAccessible(page);

  await buy(page, '5 Credits');
  await buy(page, '10 Credits');
  await page.getByRole('link', { name: /Verfügbar/ }).click();
  await expect(page.getByRole('heading', { name: 'Ihr Konto' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 15 Credits');
  const rows = page.getByRole('table', { name: 'Guthaben im Verlauf' }).getByRole('row');
  await expect(rows).toHaveCount(3);
  await expect(rows.nth(1)).toContainText(/Gekaufte Credits\..*\+10.*15/s);
  await expect(rows.nth(2)).toContainText(/\+5.*5/s);
  await expect(page.getByRole('img', { name: /Guthaben im Verlauf: von 0 (am .* )?auf 15 am/ })).toBeVisible();
  await expectAccessible(page);
  await rows.nth(1).getByRole('link').click();
  await expect(page.getByRole('heading', { name: /Beleg/ })).toBeVisible();
});
