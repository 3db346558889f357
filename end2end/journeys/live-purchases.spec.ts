import type { BrowserContext, Page } from '@playwright/test';
import { balance, buy, expect, historyRows, openPurchase, signIn, test } from '../support/test.ts';

const SOON = { timeout: 2_000 };
const LOST = 'Keine Verbindung zum Server. Guthaben und Käufe können veraltet sein.';

async function opened(context: BrowserContext, path: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(path);
  return page;
}

test('an order in one tab and its end show in the other, though no credits move', async ({ page, context }) => {
  await signIn(page);
  const other = await opened(context, '/');
  await expect(balance(other)).toHaveText('Verfügbar: 0 Credits');
  const { purchase_id } = await openPurchase(page, 'credits_5');
  await expect(historyRows(other)).toContainText(['Offen'], SOON);
  await page.goto(`/checkout/cancel?purchase_id=${purchase_id}`);
  await page.getByRole('button', { name: 'Kauf verwerfen' }).click();
  await expect(historyRows(other)).toContainText(['Verworfen'], SOON);
});

test('news in the history leaves the focus where it was', async ({ page }) => {
  await signIn(page);
  await openPurchase(page, 'credits_5');
  await page.goto('/');
  const row = historyRows(page).filter({ hasText: '5 Credits' });
  await row.getByRole('link').focus();
  const { purchase_id } = await openPurchase(page, 'credits_10');
  await expect(historyRows(page)).toHaveCount(2);
  await expect(row.getByRole('link')).toBeFocused();

  await historyRows(page).first().getByRole('link').focus();
  await page.request.post('/api/discard_purchase', { form: { purchase_id } });
  await expect(historyRows(page)).toContainText(['Verworfen', 'Offen']);
  await expect(historyRows(page).first().getByRole('link')).toBeFocused();
});

test('of ten open tabs none keeps an eleventh from loading, and all of them hear of a purchase', async ({ page, context }) => {
  await signIn(page);
  const tabs: Page[] = [];
  for (let n = 0; n < 10; n += 1) tabs.push(await opened(context, '/'));
  const eleventh = await opened(context, '/');
  await buy(eleventh, '5 Credits');
  for (const tab of [eleventh, ...tabs]) await expect(balance(tab)).toHaveText('Verfügbar: 5 Credits', SOON);
  for (const tab of tabs) await expect(historyRows(tab)).toContainText(['Bezahlt'], SOON);
});

test('an event of another tab is ignored if it is older than what a tab shows, and applied if it is newer', async ({ page, context }) => {
  await signIn(page);
  await buy(page, '5 Credits');
  await page.goto('/');
  await expect(historyRows(page)).toContainText(['Bezahlt']);
  // A tab that sends events of the test to the other tabs.
  const other = await opened(context, '/legal/terms');
  const says = (news: string) =>
    other.evaluate((news) => new BroadcastChannel('balance of demo@example.com').postMessage(news), news);
  await says('0.0 {"credits":99}');
  await says('2.9 {"credits":7}');
  await expect(balance(page)).toHaveText('Verfügbar: 7 Credits');
  await says('1.9 {"credits":99}');
  await says('3.9 {"credits":8}');
  await expect(balance(page)).toHaveText('Verfügbar: 8 Credits');
});

test.describe('a lost connection', () => {
  test.use({ allowedInConsole: [/ERR_CONNECTION_REFUSED/] });

  test('is told, and the figures are right again once it is back', async ({ page, browser, shop }) => {
    await signIn(page);
    // The requests that follow the balance; those of the page itself succeed.
    const following = /\/billing\/balance|\/api\/current_balance/;
    await page.route(following, (route) => route.abort('connectionrefused'));
    await page.goto('/');
    await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');
    const elsewhere = await browser.newContext({ baseURL: shop.url, locale: 'de-DE' });
    const other = await elsewhere.newPage();
    await signIn(other);

    await expect(page.getByText(LOST)).toBeVisible();
    await buy(other, '5 Credits');
    await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');

    await page.unroute(following);
    await expect(balance(page)).toHaveText('Verfügbar: 5 Credits', { timeout: 20_000 });
    await expect(page.getByText(LOST)).toBeHidden();
    await expect(historyRows(page)).toHaveCount(1);
    await elsewhere.close();
  });
});
