import { balance, expect, history, historyRows, purchases } from '../support/test.ts';
import { order, payment, sessionOf, signUp, test } from '../support/stripe.ts';

/** Longer than a checkout session is open. */
const A_DAY_SECONDS = 24 * 60 * 60;

test('who turns back at the payment page was charged nothing, and can go on with the same page', async ({ page, stripe, expectAccessible }) => {
  await signUp(page);
  const session = await order(page, '5 Credits');
  await payment.cancel(page).click();
  await expect(page.getByRole('heading', { name: 'Nichts abgebucht' })).toBeVisible();
  await expect(page.getByRole('main')).toContainText('6,99 €');
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Weiter zur Zahlung' }).click();
  expect(await sessionOf(page)).toBe(session);
  await payment.pay(page).click();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  expect(await stripe.booked()).toMatchObject([{ session, received: 699 }]);
});

test('a dropped purchase can be paid no more, neither at Stripe nor in the shop', async ({ page, stripe }) => {
  await signUp(page);
  const session = await order(page, '5 Credits');
  const paymentPage = page.url();
  await payment.cancel(page).click();
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('heading', { name: 'Kauf beendet' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Weiter zur Zahlung' })).toHaveCount(0);
  expect(await stripe.booked()).toMatchObject([{ session, status: 'expired', received: 0 }]);

  await page.goto(paymentPage);
  await expect(page.getByRole('heading', { name: 'Diese Zahlungsseite ist abgelaufen' })).toBeVisible();
  await expect(payment.pay(page)).toHaveCount(0);
  for (const { type, outcome } of await stripe.deliveries()) expect(outcome, type).toBe(200);
  await page.goto('/');
  await expect(historyRows(page)).toContainText(['Verworfen']);
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
});

test('who drops a purchase that was paid in the meantime is told so, and has the credits', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.fallSilent();
  const session = await order(page, '5 Credits');
  await payment.cancel(page).click();
  await expect(page.getByRole('heading', { name: 'Nichts abgebucht' })).toBeVisible();
  await stripe.tell(`/sessions/${session}/pay`);
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(page.getByRole('heading', { name: 'Dieser Kauf ist bezahlt' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
});

test('an order that is not paid in time ends, and its payment page and the history say so', async ({ page, stripe, expectAccessible }) => {
  await signUp(page);
  const session = await order(page, '10 Credits');
  const paymentPage = page.url();
  await page.goto('/');
  await expect(historyRows(page)).toContainText(['Offen']);

  await stripe.tell('/clock', { advance_seconds: A_DAY_SECONDS });
  await stripe.deliveries();
  await page.reload();
  await expect(historyRows(page)).toContainText(['Abgelaufen']);
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
  await history(page).getByRole('link', { name: /^Details/ }).click();
  await expect(page.getByRole('article')).toContainText('Es wurden keine Credits gebucht.');
  await expectAccessible(page);

  await page.goto(paymentPage);
  await expect(page.getByRole('heading', { name: 'Diese Zahlungsseite ist abgelaufen' })).toBeVisible();
  await page.getByRole('link', { name: 'Zurück zum Shop' }).click();
  await expect(page.getByRole('heading', { name: 'Kauf beendet' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Erneut bestellen' })).toBeVisible();
  expect(await stripe.booked()).toMatchObject([{ session, status: 'expired', received: 0 }]);
  expect(await purchases(page)).toMatchObject([{ status: 'FAILED' }]);
});
