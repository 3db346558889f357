import type { Page } from '@playwright/test';
import { balance, expect, history, historyRows, orderButton, purchases, withoutReload } from '../support/test.ts';
import { type Stripe, order, payment, signUp, test } from '../support/stripe.ts';

// When Stripe fails, the browser logs the shop's 503.
test.use({ allowedInConsole: [/status of 503/] });

/** With this fault, only the notification can report the payment. */
const askingFails = { kind: '500', match: { method: 'GET', path: '^/v1/checkout/sessions/' } };

const processing = (page: Page) => page.getByRole('heading', { name: 'Zahlung wird verarbeitet' });
const failed = (page: Page) => page.getByRole('heading', { name: 'Zahlung nicht zustande gekommen' });

/** Orders a product and pays by direct debit. Returns the checkout session's id. */
async function orderByDebit(page: Page, product: string): Promise<string> {
  const session = await order(page, product);
  await payment.later(page).click();
  await expect(processing(page)).toBeVisible();
  return session;
}

/** Waits until the success page has made the shop query Stripe this many times. */
async function asked(stripe: Stripe, session: string, times: number): Promise<void> {
  const path = `/calls?method=GET&path=/v1/checkout/sessions/${session}`;
  await expect.poll(async () => (await stripe.ask(path)).calls.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(times);
}

test('a payment that takes days is shown as such, and nobody is asked to pay again', async ({ page, stripe, expectAccessible }) => {
  await signUp(page);
  const session = await orderByDebit(page, '5 Credits');
  await expect(page.getByRole('main')).toContainText('Bitte zahlen Sie nicht noch einmal');
  await expect(page.getByRole('main').getByRole('link')).toHaveText(['Neu laden', 'Zum Shop']);
  await expect(page.getByRole('main').getByRole('button')).toHaveCount(0);
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
  await expectAccessible(page);

  await stripe.deliveries();
  await page.getByRole('main').getByRole('link', { name: 'Zum Shop' }).click();
  await expect(historyRows(page)).toContainText(['In Bearbeitung']);
  await history(page).getByRole('link', { name: /^Zahlungsstand prüfen/ }).click();
  await expect(page).toHaveURL(`/checkout/success?session_id=${session}`);
  await expect(processing(page)).toBeVisible();
  await page.getByRole('link', { name: 'Neu laden' }).click();
  await expect(processing(page)).toBeVisible();
  await expect(orderButton(page)).toHaveCount(0);
});

test('money that arrives turns the page into the confirmation by the notification', async ({ page, context, stripe }) => {
  await signUp(page);
  const session = await orderByDebit(page, '10 Credits');
  const other = await context.newPage();
  await other.goto('/');
  await expect(historyRows(other)).toContainText(['In Bearbeitung']);

  await withoutReload(page, async () => {
    await stripe.breaks(askingFails);
    await stripe.tell(`/sessions/${session}/settle`);
    await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
    await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
  });
  await expect(balance(other)).toHaveText('Verfügbar: 10 Credits');
  await expect(historyRows(other)).toContainText(['Bezahlt']);
});

test('money that arrives turns the page into the confirmation while no notification does', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.fallSilent();
  const session = await orderByDebit(page, '10 Credits');
  await withoutReload(page, async () => {
    // Rendering the page queries once, and the island repeats it.
    await asked(stripe, session, 3);
    await stripe.tell(`/sessions/${session}/settle`);
    await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
    await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
  });
});

test('money that does not arrive turns the page into the failure by the notification', async ({ page, stripe, expectAccessible }) => {
  await signUp(page);
  const session = await orderByDebit(page, '10 Credits');
  await withoutReload(page, async () => {
    await stripe.breaks(askingFails);
    await stripe.tell(`/sessions/${session}/settle`, { succeeded: false });
    await stripe.deliveries();
    expect(await purchases(page)).toMatchObject([{ status: 'FAILED' }]);
    await stripe.mend();
    await expect(failed(page)).toBeVisible();
  });
  await expect(page.getByRole('main')).toContainText('Es wurden keine Credits gebucht.');
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Zum Shop' }).click();
  await expect(historyRows(page)).toContainText(['Fehlgeschlagen']);
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
  await page.goBack();
  await page.getByRole('link', { name: 'Erneut bestellen' }).click();
  await expect(orderButton(page)).toBeVisible();
});

test('money that does not arrive turns the page into the failure while no notification arrives, either', async ({ page, stripe }) => {
  await signUp(page);
  await stripe.fallSilent();
  const session = await orderByDebit(page, '10 Credits');
  await withoutReload(page, async () => {
    await stripe.tell(`/sessions/${session}/settle`, { succeeded: false });
    await expect(failed(page)).toBeVisible();
  });
  await page.getByRole('link', { name: 'Zum Shop' }).click();
  await expect(historyRows(page)).toContainText(['Fehlgeschlagen']);
});
