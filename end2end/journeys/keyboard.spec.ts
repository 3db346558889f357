import type { Page } from '@playwright/test';
import { balance, expect, test } from '../support/test.ts';

/** Presses Tab until the element has the focus. */
async function tabTo(page: Page, role: 'link' | 'button' | 'checkbox' | 'textbox', name: string | RegExp) {
  const target = page.getByRole(role, { name }).first();
  for (let presses = 0; presses < 60; presses += 1) {
    if (await target.evaluate((element) => element === document.activeElement).catch(() => false)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`sixty times Tab do not lead to ${role} ${name}`);
}

test('a purchase goes by keyboard alone, from signing in to the receipt', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Zum Inhalt' })).toBeFocused();
  await tabTo(page, 'link', 'Anmelden');
  await page.keyboard.press('Enter');
  await tabTo(page, 'textbox', 'E-Mail-Adresse');
  await page.keyboard.type('demo@example.com');
  await page.keyboard.press('Tab');
  await page.keyboard.type('demo-credits');
  await page.keyboard.press('Enter');
  await expect(balance(page)).toHaveText('Verfügbar: 0 Credits');

  await tabTo(page, 'link', '5 Credits kaufen');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'Bestellung' });
  await expect(dialog).toBeVisible();
  // Tab keeps the focus inside.
  for (let presses = 0; presses < 12; presses += 1) {
    await page.keyboard.press('Tab');
    const outside = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused !== null && focused !== document.body && !document.querySelector('dialog')?.contains(focused);
    });
    expect(outside).toBe(false);
  }
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(page.getByRole('link', { name: '5 Credits kaufen' })).toBeFocused();

  await page.keyboard.press('Enter');
  await tabTo(page, 'checkbox', /Widerrufsrecht/);
  await page.keyboard.press('Space');
  await tabTo(page, 'button', 'Zahlungspflichtig bestellen');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  await tabTo(page, 'link', 'Beleg ansehen');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /Beleg/ })).toBeVisible();
});
