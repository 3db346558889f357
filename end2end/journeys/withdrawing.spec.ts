import type { Page } from '@playwright/test';
import type { Shop } from '../support/shop.ts';
import { buy, expect, purchases, signIn, test } from '../support/test.ts';

/**
 * Opens a mail with this subject in the developer's mailbox, when it has arrived; the server sends mails every second.
 */
async function openMail(page: Page, shop: Shop, subject: RegExp): Promise<void> {
  await expect(async () => {
    await page.goto(`${shop.adminUrl}/dev/mailbox`);
    await expect(page.getByText(subject)).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.getByRole('listitem').filter({ hasText: subject }).getByRole('link', { name: 'HTML' }).click();
}

/** The value of a fact in a mail. */
const fact = (page: Page, name: string) => page.locator('dl > div').filter({ has: page.getByRole('term').filter({ hasText: name }) });

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('a purchase is confirmed by mail, and its withdrawal is acknowledged and answered', async ({ page, shop }) => {
      await signIn(page);
      await buy(page, '5 Credits');
      const [purchase] = await purchases(page);
      await openMail(page, shop, /Bestätigung Ihres Kaufs: 5 Credits/);
      await expect(page.getByText('Ihre Zustimmung')).toBeVisible();
      await expect(fact(page, 'Gesamtpreis')).toContainText('6,99');
      await page.getByRole('link', { name: 'Vertrag widerrufen' }).click();

      await page.getByLabel('Ihr Name').fill('Kim Meier');
      await page.getByLabel('Welcher Vertrag').fill(`Kaufnummer ${purchase?.id}`);
      await expect(page.getByLabel('E-Mail-Adresse für die Bestätigung')).toHaveValue('demo@example.com');
      await page.getByRole('button', { name: 'Widerruf bestätigen' }).click();
      await expect(page.getByRole('heading', { name: 'Ihr Widerruf ist eingegangen' })).toBeVisible();
      await expect(page.getByText('§ 356 Abs. 5 BGB')).toBeVisible();

      await openMail(page, shop, /Eingangsbestätigung Ihres Widerrufs vom/);
      await expect(fact(page, 'Ihr Name')).toContainText('Kim Meier');
      await expect(page.getByText('§ 356 Abs. 5 BGB')).toBeVisible();
    });
  });
}

test.describe('a form that is refused', () => {
  // The browser logs the error status of the page that answers the form.
  test.use({ allowedInConsole: [/status of 422/] });

  test('a visitor who is not signed in can withdraw from every page, and is told what is missing', async ({ page }) => {
    await page.goto('/legal/privacy');
    await page.getByRole('link', { name: 'Vertrag widerrufen' }).click();
    await expect(page.getByRole('heading', { name: 'Vertrag widerrufen' })).toBeVisible();
    await page.getByLabel('Ihr Name').fill('Lee');
    await page.getByLabel('Welcher Vertrag').fill('   ');
    await page.getByLabel('E-Mail-Adresse für die Bestätigung').fill('lee@example.com');
    await page.getByRole('button', { name: 'Widerruf bestätigen' }).click();
    await expect(page.getByText('Es wurde noch nichts erklärt.')).toBeVisible();
    await expect(page.getByLabel('Ihr Name')).toHaveValue('Lee');
    await page.getByLabel('Welcher Vertrag').fill('5 Credits vom Mai');
    await page.getByRole('button', { name: 'Widerruf bestätigen' }).click();
    await expect(page.getByRole('heading', { name: 'Ihr Widerruf ist eingegangen' })).toBeVisible();
  });
});
