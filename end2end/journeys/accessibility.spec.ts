import type { Page } from '@playwright/test';
import { buy, expect, openPurchase, purchases, signIn, test } from '../support/test.ts';

const LOOKS = [
  { name: 'light, desktop', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark, desktop', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { name: 'light, phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
  { name: 'light, the narrowest', colorScheme: 'light', viewport: { width: 320, height: 640 } },
  { name: 'dark, phone', colorScheme: 'dark', viewport: { width: 390, height: 844 } },
] as const;

for (const { name, colorScheme, viewport } of LOOKS) {
  test.describe(name, () => {
    // Not-found pages answer 404, and the browser says so.
    test.use({ colorScheme, viewport, reducedMotion: 'reduce', allowedInConsole: [/status of 404/] });

    test('every page of the signed-out is accessible and fits the screen', async ({ page, expectAccessible }) => {
      for (const path of ['/', '/signin', '/signup', '/signin?error=invalid_credentials', '/legal/imprint', '/withdraw', '/dev/components', '/nowhere']) {
        await page.goto(path);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expectAccessible(page);
        expect(await overflow(page), `${path} must not scroll sideways`).toBe(0);
      }
    });

    test('every page of the signed-in is accessible and fits the screen', async ({ page, expectAccessible }) => {
      await signIn(page);
      await expectAccessible(page);
      await buy(page, '10 Credits');
      await expectAccessible(page);
      const success = page.url();
      const [paid] = await purchases(page);
      const open = await openPurchase(page, 'credits_1');
      const paths = [
        '/',
        '/?buy=credits_5',
        success,
        `/checkout/cancel?purchase_id=${open.purchase_id}`,
        `/purchases/${paid?.id}`,
        '/purchases/x',
        '/account',
      ];
      for (const path of paths) {
        await page.goto(path);
        await expect(page.getByRole('heading').first()).toBeVisible();
        await expectAccessible(page);
        expect(await overflow(page), `${path} must not scroll sideways`).toBe(0);
      }
    });
  });
}

/** By how many pixels the page is wider than the screen. */
const overflow = (page: Page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
