import type { Page } from '@playwright/test';
import { balance, consentBox, expect, heldUp, orderButton, orderDialog, placeOrder, products, signIn, test } from '../support/test.ts';

/** Simulates a phone with a weak signal: 400 ms round trip, 400 kbit/s. */
async function slowDown(page: Page): Promise<void> {
  const browser = await page.context().newCDPSession(page);
  const bytesPerSecond = 400_000 / 8;
  await browser.send('Network.enable');
  await browser.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 400,
    downloadThroughput: bytesPerSecond,
    uploadThroughput: bytesPerSecond,
  });
}

test('on a slow line a purchase goes before the front end has come', async ({ page }) => {
  await signIn(page);
  // The WASM never arrives during the purchase.
  await page.route(/\.wasm$/, () => {});
  await slowDown(page);
  await page.goto('/?buy=credits_5', { waitUntil: 'commit' });
  await expect(orderDialog(page)).toBeVisible();
  await expect(page.locator('dialog:modal')).toHaveCount(0);
  await placeOrder(page);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 5 Credits');
  await page.unrouteAll({ behavior: 'ignoreErrors' });
});

test('on a slow line whatever is pressed shows at once that it was', async ({ page }) => {
  await signIn(page);
  await page.waitForLoadState('networkidle');
  await slowDown(page);
  const formComes = await heldUp(page, /\/api\/order_form/);
  await products(page).getByRole('link', { name: '10 Credits kaufen' }).click();
  await expect(page.locator('dialog:modal')).toHaveAttribute('aria-busy', 'true');
  formComes();
  await consentBox(page).check();
  const orderGoes = await heldUp(page, /create_checkout/);
  await orderButton(page).click();
  await expect(page.getByRole('button', { name: 'Wird bestellt' })).toBeDisabled();
  orderGoes();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await expect(balance(page)).toHaveText('Verfügbar: 10 Credits');
});
