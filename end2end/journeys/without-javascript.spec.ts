import { DEMO, balance, consentBox, expect, fillAccountForm, history, historyRows, openPurchase, placeOrder, products, purchases, signIn, test } from '../support/test.ts';

test.use({ javaScriptEnabled: false });

test('a whole purchase goes by forms and redirects', async ({ page }) => {
  await page.goto('/');
  await products(page).getByRole('link', { name: '5 Credits kaufen', exact: true }).click();
  await fillAccountForm(page, DEMO);
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await expect(page).toHaveURL('/?buy=credits_5');
  await placeOrder(page);
  await expect(page).toHaveURL(/\/checkout\/success\?session_id=cs_mock_/);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');

  await page.getByRole('link', { name: 'Beleg ansehen' }).click();
  await expect(page.getByRole('article')).toContainText('6,99 €');
  await page.getByRole('link', { name: 'Zum Shop' }).click();
  await expect(historyRows(page)).toHaveCount(1);
  expect(await purchases(page)).toHaveLength(1);
});

test('sending the same order form twice makes one purchase', async ({ page }) => {
  await signIn(page);
  await page.goto('/?buy=credits_5');
  const key = await page.locator('input[name=order_key]').inputValue();
  const consent = await consentBox(page).inputValue();
  await placeOrder(page);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  const again = await page.request.post('/api/create_checkout', {
    form: { product_id: 'credits_5', order_key: key, consent },
    headers: { accept: 'text/html' },
  });
  expect(again.status()).toBe(200);
  expect(await purchases(page)).toHaveLength(1);
});

test('an order without consent is sent back with a sentence, and nothing is ordered', async ({ page }) => {
  await signIn(page);
  await page.goto('/?buy=credits_5');
  // As in a browser that ignores `required`.
  await page.locator('form[action="/api/create_checkout"]').evaluate((form: HTMLFormElement) => form.submit());
  await expect(page.getByText('Bitte setzen Sie das Häkchen bei der Einwilligung.')).toBeVisible();
  await expect(consentBox(page)).not.toBeChecked();
  expect(await purchases(page)).toHaveLength(0);
  await placeOrder(page);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  expect(await purchases(page)).toHaveLength(1);
});

test('a cancelled purchase can be dropped', async ({ page }) => {
  await signIn(page);
  const { purchase_id } = await openPurchase(page, 'credits_1');
  await page.goto(`/checkout/cancel?purchase_id=${purchase_id}`);
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('heading', { name: 'Kauf beendet' })).toBeVisible();
});

test('the history pages', async ({ page }) => {
  await signIn(page);
  for (let made = 0; made < 11; made += 1) await openPurchase(page, 'credits_1');
  await page.goto('/');
  await history(page).getByRole('link', { name: 'Ältere Käufe' }).click();
  await expect(historyRows(page)).toHaveCount(1);
});

test.describe('a form that is refused', () => {
  // The browser logs the error status of the page that answers the form.
  test.use({ allowedInConsole: [/status of 401/] });

  test('an account can be made, a wrong password is told, and the language changes', async ({ page }) => {
    const account = { email: 'plain@example.com', password: 'correct horse battery' };
    await page.goto('/signup');
    await fillAccountForm(page, account);
    await page.getByRole('button', { name: 'Konto anlegen' }).click();
    await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
    await page.getByRole('button', { name: 'Abmelden' }).click();

    await page.goto('/signin');
    await fillAccountForm(page, { ...account, password: 'not the password' });
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await expect(page.getByText('E-Mail-Adresse oder Passwort stimmt nicht.')).toBeVisible();
    await page.getByRole('banner').getByRole('button', { name: 'EN', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  });
});
