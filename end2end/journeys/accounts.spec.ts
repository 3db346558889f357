import { DEMO, balance, expect, fillAccountForm, orderButton, orderDialog, products, signIn, test } from '../support/test.ts';

test('who is signed out and wants to buy is sent to sign in, and back to the order', async ({ page }) => {
  await page.goto('/');
  await products(page).getByRole('link', { name: '5 Credits kaufen', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Anmelden' })).toBeVisible();
  await fillAccountForm(page, DEMO);
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await expect(page).toHaveURL('/?buy=credits_5');
  await expect(orderButton(page)).toBeVisible();
});

for (const path of ['/?buy=credits_1', '/checkout/success?session_id=cs_mock_x', '/checkout/cancel?purchase_id=x', '/purchases/x']) {
  test(`${path} asks the signed-out to sign in`, async ({ page }) => {
    await page.goto(path);
    await expect(page).toHaveURL(`/signin?next=${encodeURIComponent(path)}`);
  });
}

test('a new account starts with nothing, buys, and is not the demo account', async ({ page }) => {
  await page.goto('/signup');
  await fillAccountForm(page, { email: 'new@example.com', password: 'correct horse battery' });
  await page.getByRole('button', { name: 'Konto anlegen' }).click();
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
  await expect(page.getByRole('banner')).toContainText('new@example.com');
});

test.describe('a form that is refused', () => {
  // The browser logs the error status of the page that answers the form.
  test.use({ allowedInConsole: [/status of 4\d\d/] });

  test('a weak password is refused with a sentence, and so is an address that is taken', async ({ page }) => {
    await page.goto('/signup');
    await fillAccountForm(page, { email: 'new@example.com', password: 'short' });
    await page.getByRole('button', { name: 'Konto anlegen' }).click();
    await expect(page.getByText('Dieses Passwort wäre zu leicht zu erraten.')).toBeVisible();
    await expect(page.getByLabel('E-Mail-Adresse')).toHaveValue('new@example.com');

    await fillAccountForm(page, { email: DEMO.email, password: 'correct horse battery' });
    await page.getByRole('button', { name: 'Konto anlegen' }).click();
    await expect(page.getByText('Zu dieser E-Mail-Adresse gibt es schon ein Konto.')).toBeVisible();
  });

  test('a wrong password and an unknown address get the same answer', async ({ page }) => {
    for (const account of [{ ...DEMO, password: 'wrong password' }, { email: 'nobody@example.com', password: 'whatever it is' }]) {
      await page.goto('/signin');
      await fillAccountForm(page, account);
      await page.getByRole('button', { name: 'Anmelden' }).click();
      await expect(page.getByText('E-Mail-Adresse oder Passwort stimmt nicht.')).toBeVisible();
      await expect(page.getByLabel('E-Mail-Adresse')).toHaveValue(account.email);
      await expect(balance(page)).toHaveCount(0);
    }
  });
});

test('after signing out, the back button shows no balance', async ({ page }) => {
  await signIn(page);
  await page.getByRole('button', { name: 'Abmelden' }).click();
  await expect(page.getByRole('banner').getByRole('link', { name: 'Anmelden' })).toBeVisible();
  await page.goBack();
  await expect(page.getByRole('banner').getByRole('link', { name: 'Anmelden' })).toBeVisible();
  await expect(balance(page)).toHaveCount(0);
  expect((await page.request.get('/billing/balance')).status()).toBe(401);
});

test('the next page after signing in is never another site', async ({ page, shop }) => {
  for (const next of ['//example.com', 'https://example.com/', '/\\example.com']) {
    // A page whose session ends during hydration would log an error.
    await page.goto('about:blank');
    await page.context().clearCookies();
    await page.goto(`/signin?next=${encodeURIComponent(next)}`);
    await fillAccountForm(page, DEMO);
    await page.getByRole('button', { name: 'Anmelden' }).click();
    await expect(page).toHaveURL(`${shop.url}/`);
  }
});

test('the language can be changed on any page, and stays', async ({ page }) => {
  await signIn(page);
  await page.goto('/?buy=credits_5');
  await expect(orderDialog(page)).toBeVisible();
  await page.keyboard.press('Escape');
  await page.getByRole('banner').getByRole('button', { name: 'EN', exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  await expect(page.getByRole('banner').getByRole('link', { name: /^Available/ })).toHaveText('Available: 0 Credits');
  await page.goto('/signup');
  await expect(page.locator('html')).toHaveAttribute('lang', 'en');
  // On a narrow screen, the choice of language is in the footer.
  await page.setViewportSize({ width: 390, height: 844 });
  await page.getByRole('contentinfo').getByRole('button', { name: 'DE', exact: true }).click();
  await expect(page.locator('html')).toHaveAttribute('lang', 'de');
});
