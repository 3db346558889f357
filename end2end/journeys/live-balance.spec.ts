import { checkoutCompleted } from '../support/shop.ts';
import { balance, buy, expect, historyRows, openPurchase, signIn, test } from '../support/test.ts';

/** A changed balance must be on every open page within a second; another second is for the test itself. */
const SOON = { timeout: 2_000 };

test('a purchase in one tab moves the balance in the other', async ({ page, context }) => {
  await signIn(page);
  const other = await context.newPage();
  await other.goto('/');
  await expect(balance(other)).toHaveText('Verfügbar: 0 Credits');

  await buy(page, '5 Credits');
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits', SOON);
  await expect(balance(other)).toHaveText('Verfügbar: 5 Credits', SOON);
  await expect(historyRows(other)).toHaveCount(1);

  await buy(other, '10 Credits');
  await expect(balance(page)).toHaveText('Verfügbar: 15 Credits', SOON);
});

test("Stripe's notification moves the balance of an open page, once", async ({ page, shop }) => {
  await signIn(page);
  const { purchase_id, session_id } = await openPurchase(page, 'credits_10');
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');

  const event = checkoutCompleted({ id: session_id, purchase: purchase_id, cents: 1299 });
  expect((await shop.notify(event)).status).toBe(200);
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits', SOON);
  await expect(historyRows(page)).toContainText(['Bezahlt']);

  expect((await shop.notify(event)).status).toBe(200);
  const again = checkoutCompleted({ id: session_id, purchase: purchase_id, cents: 1299 });
  expect((await shop.notify(again)).status).toBe(200);
  await page.reload();
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
});

test('a notification of another amount books nothing', async ({ page, shop }) => {
  await signIn(page);
  const { purchase_id, session_id } = await openPurchase(page, 'credits_10');
  const event = checkoutCompleted({ id: session_id, purchase: purchase_id, cents: 149 });
  expect((await shop.notify(event)).status).toBe(200);
  await page.reload();
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
  await expect(historyRows(page)).toContainText(['Offen']);
});
