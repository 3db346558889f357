import type { Page, Response } from '@playwright/test';
import { buy, expect, openPurchase, signIn, signInBeforehand, test } from '../support/test.ts';

/**
 * The size budget of a first page in bytes, compressed. The budgets of the front end's files are in
 * scripts/check-budgets.mjs.
 */
const HTML_BYTES_MAX = 20_000;

/**
 * Records the paths that the page requests, except the logo's, which is also the tab's icon and may be requested
 * separately.
 */
function pathsAskedFor(page: Page): string[] {
  const paths: string[] = [];
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname.replace(/\.[0-9a-f]{16}\./, '.HASH.');
    if (path !== '/favicon.svg') paths.push(path);
  });
  return paths;
}

test('a page with a full history is light', async ({ page }) => {
  await signIn(page);
  await buy(page, '10 Credits');
  for (let made = 0; made < 10; made += 1) await openPurchase(page, 'credits_1');
  for (const path of ['/', '/?buy=credits_1']) {
    const answer = await page.goto(path);
    expect(answer?.headers()['content-encoding']).toBe('br');
    const bytes = (await answer?.body())?.length ?? 0;
    const { responseBodySize } = (await answer?.request().sizes()) ?? { responseBodySize: bytes };
    expect(responseBodySize, `${path}, ${bytes} bytes before they are compressed`).toBeLessThan(HTML_BYTES_MAX);
  }
});

test('before the visitor does anything, a page asks for its files once and for nothing else', async ({ page }) => {
  await signInBeforehand(page);
  const asked = pathsAskedFor(page);
  const live = page.waitForRequest(/\/billing\/balance\/stream$/);
  await page.goto('/');
  await live;
  await page.waitForTimeout(1_000);
  const files = ['/pkg/shop.HASH.css', '/pkg/shop.HASH.js', '/pkg/shop.HASH.wasm'];
  // A signed-in page follows the balance.
  const expected = ['/', '/billing/balance/stream', ...files];
  expect(asked.sort()).toEqual(expected);
});

test('a visitor who is not signed in gets HTML and CSS, and no scripts', async ({ page }) => {
  const asked = pathsAskedFor(page);
  await page.goto('/');
  await page.waitForLoadState('networkidle');
  expect(asked.sort()).toEqual(['/', '/pkg/shop.HASH.css']);
});

test('what a browser has of the front end it keeps for good', async ({ page }) => {
  const answers: Response[] = [];
  page.on('response', (answer) => {
    if (answer.url().includes('/pkg/')) answers.push(answer);
  });
  await signInBeforehand(page);
  await page.goto('/');
  await page.waitForLoadState('networkidle');
  expect(answers).toHaveLength(3);
  for (const answer of answers) {
    const headers = { 'cache-control': 'public, max-age=31536000, immutable', 'content-encoding': 'br' };
    expect(answer.headers(), answer.url()).toMatchObject(headers);
  }
});
