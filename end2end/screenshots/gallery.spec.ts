import { fileURLToPath } from 'node:url';
import type { Browser } from '@playwright/test';
import { test as mock } from '../support/test.ts';
import { test as selling } from '../support/stripe.ts';
import { type Leg, customerTour, mockTour, travel } from '../support/tour.ts';

const GALLERY = fileURLToPath(new URL('../test-results/gallery', import.meta.url));
const LANGUAGES = ['de-DE', 'en-GB'];
const WIDTHS = [320, 390, 768, 1280];
const THEMES = ['light', 'dark'] as const;

/** Takes a picture of each stop, at each width, in each theme. */
async function picture(browser: Browser, baseURL: string, locale: string, legs: Leg[]): Promise<void> {
  await travel(browser, { baseURL, locale }, legs, async (page, { name }) => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of THEMES) {
        await page.emulateMedia({ colorScheme });
        await page.screenshot({ path: `${GALLERY}/${locale.slice(0, 2)}/${name}/${width}-${colorScheme}.png`, fullPage: true });
      }
    }
  });
}

for (const locale of LANGUAGES) {
  mock.describe(locale, () => {
    mock.describe.configure({ timeout: 600_000 });

    mock('every page without a purchase', async ({ browser, shop }) => {
      await picture(browser, shop.url, locale, await mockTour(browser, shop, locale));
    });

    selling('every page of a customer', async ({ browser, shop, stripe }) => {
      await picture(browser, shop.url, locale, await customerTour(browser, shop.url, locale, stripe));
    });
  });
}
