import { balance, expect, historyRows, placeOrder, products, purchases } from '../support/test.ts';
import { order, payment, sessionOf, signUp, test } from '../support/stripe.ts';

test.use({ javaScriptEnabled: false });

test('an order is paid at Stripe by forms and redirects', async ({ page, stripe }) => {
  await signUp(page);
  const session = await order(page, '5 Credits');
  await expect(page.getByTestId('amount')).toHaveText('6,99 €');
  await payment.pay(page).click();
  await expect(page).toHaveURL(`/checkout/success?session_id=${session}`);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');

  await page.getByRole('link', { name: 'Beleg ansehen' }).click();
  await expect(page.getByRole('article')).toContainText('6,99 €');
  await page.getByRole('link', { name: 'Zum Shop' }).click();
  await expect(historyRows(page)).toContainText(['Bezahlt']);
  expect(await stripe.booked()).toMatchObject([{ session, received: 699 }]);
});

test('a payment that takes days is looked at again by the reload button', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.fallSilent();
  const session = await order(page, '5 Credits');
  await payment.later(page).click();
  await expect(page.getByRole('heading', { name: 'Zahlung wird verarbeitet' })).toBeVisible();
  const reload = page.getByRole('main').getByRole('link', { name: 'Neu laden' });
  await reload.click();
  await expect(page).toHaveURL(`/checkout/success?session_id=${session}`);
  await expect(page.getByRole('heading', { name: 'Zahlung wird verarbeitet' })).toBeVisible();

  await stripe.tell(`/sessions/${session}/settle`);
  await reload.click();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
});

test('a purchase is dropped at Stripe, too', async ({ page, stripe }) => {
  await signUp(page);
  const session = await order(page, '1 Credit');
  await payment.cancel(page).click();
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('heading', { name: 'Kauf beendet' })).toBeVisible();
  expect(await stripe.booked()).toMatchObject([{ session, status: 'expired' }]);
});

test('while Stripe is down, the order form comes back, and goes on with the same purchase', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.breaks({ kind: '500', match: { method: 'POST', path: '^/v1/checkout/sessions$' }, after: true });
  await page.goto('/');
  await products(page).getByRole('link', { name: '5 Credits kaufen', exact: true }).click();
  await placeOrder(page);
  await expect(page.getByText('Der Zahlungsdienst ist gerade nicht erreichbar. Es wurde nichts abgebucht.')).toBeVisible();
  await stripe.mend();
  await placeOrder(page);
  const session = await sessionOf(page);
  expect(await stripe.booked()).toMatchObject([{ session }]);
  expect(await purchases(page)).toHaveLength(1);
});
