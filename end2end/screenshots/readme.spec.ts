import { fileURLToPath } from 'node:url';
import type { Page } from '@playwright/test';
import { buy, expect, openPurchase, orderButton, purchases, signIn, test } from '../support/test.ts';

const picture = (name: string) => fileURLToPath(new URL(`../../docs/screenshots/${name}.png`, import.meta.url));

// Mobile, because such a browser shows no scroll bar.
test.use({ reducedMotion: 'reduce', isMobile: true });

/** Some purchases, so that balance and history are not empty. */
async function signInAsRegular(page: Page) {
  await signIn(page);
  await buy(page, '10 Credits');
  await buy(page, 'IZA Pass');
  await openPurchase(page, 'credits_5');
}

test.describe('desktop', () => {
  test.use({ viewport: { width: 1280, height: 900 } });

  test('shop', async ({ page }) => {
    await signInAsRegular(page);
    await page.goto('/');
    await expect(page.getByRole('region', { name: 'Ihre Käufe' }).getByRole('listitem')).toHaveCount(3);
    await page.screenshot({ path: picture('shop'), fullPage: true });
  });

  test('receipt', async ({ page }) => {
    await signIn(page);
    await buy(page, '10 Credits');
    const [purchase] = await purchases(page);
    await page.goto(`/purchases/${purchase?.id}`);
    await expect(page.getByRole('button', { name: 'Drucken' })).toBeVisible();
    await page.screenshot({ path: picture('receipt'), fullPage: true });
  });

  test('account', async ({ page }) => {
    await signInAsRegular(page);
    await buy(page, '5 Credits');
    await page.goto('/account');
    await expect(page.getByRole('img', { name: /Guthaben im Verlauf/ })).toBeVisible();
    await page.screenshot({ path: picture('account'), fullPage: true });
  });

  test.describe('dark', () => {
    test.use({ colorScheme: 'dark' });

    test('order', async ({ page }) => {
      await signInAsRegular(page);
      await page.goto('/?buy=credits_5');
      await expect(orderButton(page)).toBeVisible();
      await page.screenshot({ path: picture('order-dark') });
    });
  });
});

test.describe('phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 });

  test('success', async ({ page }) => {
    await signIn(page);
    await buy(page, '5 Credits');
    await page.screenshot({ path: picture('success-phone') });
  });
});
