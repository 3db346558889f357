import { balance, expect, history, historyRows, placeOrder, orderDialog, products, purchases } from '../support/test.ts';
import { BUYER, buyAtStripe, live, openLive, order, payment, sessionOf, signUp, test } from '../support/stripe.ts';

/** A changed balance must be on every open page within a second; another second is for the test itself. */
const SOON = { timeout: 2_000 };

test('an order is paid at Stripe, and the credits, the history and the receipt are there', async ({ page, stripe, expectAccessible }) => {
  await signUp(page);
  await page.goto('/');
  await expect(page.getByText('Testbetrieb')).toHaveCount(0);
  await products(page).getByRole('link', { name: '5 Credits kaufen', exact: true }).click();
  await expect(orderDialog(page)).toContainText('Bezahlt wird auf der nächsten Seite bei Stripe.');
  await live(page);

  // Keeps the browser on the page, so that the link can be checked.
  await page.route('**/c/pay/**', (route) => route.fulfill({ status: 204 }), { times: 1 });
  await placeOrder(page);
  const { host } = new URL(stripe.url);
  await expect(orderDialog(page)).toContainText(`Sie werden zur Zahlungsseite weitergeleitet: ${host}`);
  await expectAccessible(page);
  await orderDialog(page).getByRole('link', { name: 'Zur Zahlungsseite' }).click();

  const session = await sessionOf(page);
  await expect(page.getByTestId('product')).toHaveText('5 Credits');
  await expect(page.getByTestId('amount')).toHaveText('6,99 €');
  await expect(page.getByTestId('email')).toHaveText(BUYER.email);
  await payment.pay(page).click();

  await expect(page).toHaveURL(`/checkout/success?session_id=${session}`);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('5 Credits für 6,99 €');
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  await expectAccessible(page);

  const { payment_intent } = await stripe.ask(`/sessions/${session}`);
  await page.getByRole('link', { name: 'Beleg ansehen' }).click();
  const receipt = page.getByRole('article');
  for (const text of ['6,99 €', 'Bezahlt', BUYER.email, payment_intent]) await expect(receipt).toContainText(text);
  await expect(receipt.getByRole('table', { name: 'Buchungen' }).getByRole('row').last()).toContainText('+5');
  await page.getByRole('link', { name: 'Zum Shop' }).click();
  await expect(historyRows(page)).toHaveCount(1);
  await expect(historyRows(page)).toContainText(['Bezahlt']);

  for (const { type, outcome } of await stripe.deliveries()) expect(outcome, type).toBe(200);
  await page.reload();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  const [purchase] = await purchases(page);
  expect(await stripe.booked()).toMatchObject([{ session, client_reference_id: purchase?.id, received: 699 }]);
});

test('while no notification arrives, the success page itself brings the credits', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.fallSilent();
  await buyAtStripe(page, '10 Credits');
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
  await page.goto('/');
  await expect(historyRows(page)).toContainText(['Bezahlt']);
  const outcomes = (await stripe.deliveries()).map(({ outcome }) => outcome);
  expect(new Set(outcomes)).toEqual(new Set(['dropped']));
});

test('who pays and does not come back has the credits all the same, on every open page', async ({ page, context, stripe }) => {
  await signUp(page);
  const session = await order(page, '1 Credit');
  const other = await context.newPage();
  await openLive(other);
  await expect(balance(other)).toHaveText('Verfügbar: 0 Credits');
  await expect(historyRows(other)).toContainText(['Offen']);

  await stripe.tell(`/sessions/${session}/pay`);
  await expect(balance(other)).toHaveText('Verfügbar: 1 Credit', SOON);
  await expect(historyRows(other)).toContainText(['Bezahlt']);
});

test('a declined card books nothing, and another one pays the same order', async ({ page, stripe }) => {
  await signUp(page);
  const session = await order(page, 'IZA Pass');
  await payment.decline(page).click();
  await expect(page.getByRole('alert')).toHaveText('Ihre Karte wurde abgelehnt. Bitte versuchen Sie eine andere.');
  expect(await sessionOf(page)).toBe(session);
  await stripe.deliveries();
  expect(await purchases(page)).toMatchObject([{ status: 'PENDING' }]);
  expect(await (await page.request.get('/billing/balance')).json()).toMatchObject({ credits: 0 });

  await payment.pay(page).click();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 2 Credits');
  expect(await purchases(page)).toMatchObject([{ status: 'PAID' }]);
  expect(await stripe.booked()).toMatchObject([{ session, received: 299 }]);
});

test('after a declined card, the shop leads back to the same payment page', async ({ page }) => {
  await signUp(page);
  const session = await order(page, '5 Credits');
  await payment.decline(page).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.goto('/');
  await history(page).getByRole('link', { name: /^Fortsetzen/ }).click();
  await expect(page.getByRole('heading', { name: 'Nichts abgebucht' })).toBeVisible();
  await page.getByRole('link', { name: 'Weiter zur Zahlung' }).click();
  expect(await sessionOf(page)).toBe(session);
});
