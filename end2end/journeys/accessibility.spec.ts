import type { Browser, Page } from '@playwright/test';
import { expect, test as mock } from '../support/test.ts';
import { test as selling } from '../support/stripe.ts';
import { type Leg, customerTour, mockTour, travel } from '../support/tour.ts';

/**
 * The viewports and themes in which each page is checked. A desktop at 200 % has as much room as one of half its size
 * (WCAG 2.2, 1.4.4, 1.4.10).
 */
const LOOKS = [
  { as: 'light, desktop', viewport: { width: 1280, height: 900 }, colorScheme: 'light' },
  { as: 'dark, desktop', viewport: { width: 1280, height: 900 }, colorScheme: 'dark' },
  { as: 'dark, desktop at 200 %', viewport: { width: 640, height: 450 }, colorScheme: 'dark' },
  { as: 'light, phone', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { as: 'dark, phone', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
  { as: 'light, the narrowest', viewport: { width: 320, height: 640 }, colorScheme: 'light' },
] as const;

/** Checks each stop with axe, and that nothing is wider than the screen. */
async function judge(browser: Browser, baseURL: string, legs: Leg[], expectAccessible: (page: Page) => Promise<void>) {
  await travel(browser, { baseURL, locale: 'de-DE' }, legs, async (page, { name, path }) => {
    // A mail's heading is its subject, which the mail program shows.
    if (!name.startsWith('mail,')) await expect(page.getByRole('heading').first()).toBeVisible();
    for (const { as, viewport, colorScheme } of LOOKS) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      expect(await overflow(page), `${name} (${path}) must not scroll sideways on ${as}`).toBe(0);
      await mock.step(`${name}, ${as}`, () => expectAccessible(page));
    }
  });
}

mock.describe('accessible, and no wider than the screen', () => {
  // Some 150 runs of axe take two minutes, or six on a busy machine.
  mock.describe.configure({ timeout: 600_000 });

  mock('is every page without a purchase', async ({ browser, shop, expectAccessible }) => {
    await judge(browser, shop.url, await mockTour(browser, shop, 'de-DE'), expectAccessible);
  });

  selling('is every page of a customer', async ({ browser, shop, stripe, expectAccessible }) => {
    await judge(browser, shop.url, await customerTour(browser, shop.url, 'de-DE', stripe), expectAccessible);
  });
});

/** The number of pixels by which the page is wider than the screen. */
const overflow = (page: Page) =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth));
