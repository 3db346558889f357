import { balance, expect, history, historyRows, withoutReload } from '../support/test.ts';
import { buyAtStripe, openLive, signUp, test } from '../support/stripe.ts';

/** A changed balance must be on every open page within a second; another second is for the test itself. */
const SOON = { timeout: 2_000 };

test('a refund is seen on an open page, in the history and on the receipt: a part of it, then all', async ({ page, stripe, expectAccessible }) => {
  await signUp(page);
  const session = await buyAtStripe(page, '10 Credits');
  await openLive(page);
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
  await stripe.deliveries();

  // Half of 12,99 €, which is half of the credits.
  await withoutReload(page, async () => {
    await stripe.tell('/refunds', { session, amount: 650 });
    await expect(balance(page)).toHaveText('Verfügbar: 5 Credits', SOON);
    await expect(historyRows(page)).toContainText(['Teilweise erstattet']);
  });
  await history(page).getByRole('link', { name: /^Beleg/ }).click();
  const receipt = page.getByRole('article');
  const bookings = receipt.getByRole('table', { name: 'Buchungen' }).getByRole('row');
  await expect(bookings.nth(1)).toContainText('+10');
  await expect(bookings.nth(2)).toContainText(/Erstattung.*−5.*5/);
  await expect(receipt).toContainText(/Davon erstattet\s*6,50/);
  const returns = receipt.getByRole('table', { name: 'Erstattungen und Anfechtungen' }).getByRole('row');
  await expect(returns).toHaveCount(2);
  await expect(returns.last()).toContainText(/\d\d\.\d\d\.\d{4}\s*Erstattung\s*−6,50/);
  await expect(receipt).not.toContainText('Erstattet am');
  await page.getByRole('link', { name: 'Zum Shop' }).click();

  await withoutReload(page, async () => {
    await stripe.tell('/refunds', { session });
    await expect(balance(page)).toHaveText('Verfügbar: 0 Credits', SOON);
    await expect(historyRows(page)).toContainText(['Erstattet']);
  });
  await expectAccessible(page);
  await history(page).getByRole('link', { name: /^Beleg/ }).click();
  await expect(receipt).toContainText('Erstattet am');
  await expect(bookings).toHaveCount(4);
  await expect(bookings.nth(3)).toContainText(/Erstattung.*−5.*0/);
  await expectAccessible(page);
  for (const { type, outcome } of await stripe.deliveries()) expect(outcome, type).toBe(200);
});

test('a dispute takes the credits from an open page, and a dispute won brings them back', async ({ page, stripe }) => {
  await signUp(page);
  const session = await buyAtStripe(page, '10 Credits');
  await openLive(page);
  await stripe.deliveries();

  await withoutReload(page, async () => {
    const { id } = await stripe.tell('/disputes', { session });
    await expect(balance(page)).toHaveText('Verfügbar: 0 Credits', SOON);
    await expect(historyRows(page)).toContainText(['Angefochten']);
    await stripe.deliveries();
    await stripe.tell(`/disputes/${id}/respond`);
    await stripe.tell(`/disputes/${id}/win`);
    await expect(balance(page)).toHaveText('Verfügbar: 10 Credits', SOON);
  });
  await history(page).getByRole('link', { name: /^Beleg/ }).click();
  const bookings = page.getByRole('table', { name: 'Buchungen' }).getByRole('row');
  await expect(bookings.nth(2)).toContainText(/Zahlung angefochten.*−10.*0/);
  await expect(bookings.nth(3)).toContainText(/Anfechtung zurückgenommen.*\+10.*10/);
  await expect(bookings).toHaveCount(4);
});

test('a refund whose notification comes twice, and one that fails, leave the right balance', async ({ page, stripe }) => {
  await signUp(page);
  const session = await buyAtStripe(page, '10 Credits');
  await openLive(page);
  await stripe.deliveries();
  await stripe.breaks({ kind: 'double', match: { webhook: true } });
  const { id } = await stripe.tell('/refunds', { session, amount: 650 });
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits', SOON);
  await stripe.deliveries();
  await stripe.tell(`/refunds/${id}`, { status: 'failed' });
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits', SOON);
  await stripe.deliveries();
  await page.reload();
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
});
