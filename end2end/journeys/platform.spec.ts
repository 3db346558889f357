import type { Page } from '@playwright/test';
import { Platform } from '../support/platform.ts';
import { balance, buy, expect, fillAccountForm, test as base } from '../support/test.ts';

const ADA = { email: 'ada@example.com', password: 'correct horse battery' };

const test = base.extend<{ webhooks: boolean; platform: Platform }>({
  webhooks: [false, { option: true }],
  settings: { WEBHOOK_ALLOW_PRIVATE: 'yes' },
  platform: async ({ shop, webhooks }, use) => {
    const platform = await Platform.start(shop, { webhooks });
    await use(platform);
    await platform.stop();
  },
});
// The browser logs the 402 of the platform's own page.
test.use({ allowedInConsole: [/status of 402/] });

const pictures = (page: Page) => page.getByRole('listitem');

async function enter(page: Page, platform: Platform): Promise<void> {
  await page.goto(platform.url);
  await page.getByLabel('E-mail address').fill(ADA.email);
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByRole('heading', { name: 'Make a picture' })).toBeVisible();
}

async function order(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('What is in the picture?').fill(prompt);
  await page.getByRole('button', { name: 'Make it for 2 credits' }).click();
}

async function expectFunds(page: Page, available: number, held: number): Promise<void> {
  await expect(page.locator('#available')).toHaveText(String(available));
  await expect(page.locator('#held')).toHaveText(String(held));
}

for (const webhooks of [true, false]) {
  test.describe(webhooks ? 'by webhook' : 'by asking', () => {
    test.use({ webhooks });

    test('who has no credits is sent to the shop, buys there, and has the picture made', async ({ page, context, platform }) => {
      await enter(page, platform);
      await expectFunds(page, 0, 0);
      await order(page, 'A lighthouse');
      await expect(page.getByRole('alert')).toContainText('A picture costs 2 credits, and 0 are available.');
      await expect(page.getByText('None yet.')).toBeVisible();

      const opened = context.waitForEvent('page');
      await page.getByRole('link', { name: 'Buy credits' }).click();
      const shopTab = await opened;
      await expect(shopTab.getByRole('heading', { name: 'Credits kaufen' })).toBeVisible();
      await shopTab.goto('/signup');
      await fillAccountForm(shopTab, ADA);
      await shopTab.getByRole('button', { name: 'Konto anlegen' }).click();
      await expect(balance(shopTab)).toHaveText('Verfügbar: 0 Credits');
      await buy(shopTab, '5 Credits');
      await expect(balance(shopTab)).toHaveText('Verfügbar: 5 Credits');

      // Nobody reloads the platform's page.
      await expectFunds(page, 5, 0);
      await order(page, 'A lighthouse');
      await expectFunds(page, 3, 2);
      await expect(pictures(page)).toContainText('Being drawn');
      await expectFunds(page, 3, 0);
      await expect(pictures(page)).toContainText('Done, 2 credits');
      await expect(page.getByRole('img', { name: 'A lighthouse' })).toBeVisible();
      await expect(balance(shopTab), 'the balance of the open tab moves').toHaveText('Verfügbar: 3 Credits');
      await shopTab.goto('/account');
      await expect(shopTab.getByText('Picture: A lighthouse')).toBeVisible();
    });
  });
}

test('a job that fails charges nothing', async ({ page, context, platform, shop }) => {
  await enter(page, platform);
  const shopTab = await context.newPage();
  await shopTab.goto('/signup');
  await fillAccountForm(shopTab, ADA);
  await shopTab.getByRole('button', { name: 'Konto anlegen' }).click();
  await buy(shopTab, '5 Credits');

  await expectFunds(page, 5, 0);
  await page.getByLabel('Let the job fail').check();
  await order(page, 'A storm');
  await expectFunds(page, 3, 2);
  await expect(pictures(page)).toContainText('Failed, nothing charged');
  await expectFunds(page, 5, 0);
  await expect(page.getByRole('img')).toHaveCount(0);
  await expect(balance(shopTab)).toHaveText('Verfügbar: 5 Credits');
  const report = await shop.command('customer', ADA.email);
  expect(report, 'the ledger has the purchase alone').toContain('PURCHASE');
  expect(report).not.toContain('SPEND');
});

test('a spelling of the address that differs in case leads to the same credits', async ({ page, platform }) => {
  await enter(page, platform);
  await page.goto('/signup');
  await fillAccountForm(page, { ...ADA, email: 'ADA@Example.com' });
  await page.getByRole('button', { name: 'Konto anlegen' }).click();
  await buy(page, '5 Credits');
  await page.goto(platform.url);
  await expectFunds(page, 5, 0);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the platform's pages have no serious violation, ${colorScheme}`, async ({ page, platform, expectAccessible }, testInfo) => {
    await page.emulateMedia({ colorScheme });
    for (const width of [390, 1280]) {
      await page.setViewportSize({ width, height: 900 });
      await page.context().clearCookies();
      await page.goto(platform.url);
      await expectAccessible(page);
      await enter(page, platform);
      await order(page, 'A lighthouse');
      await expect(page.getByRole('alert')).toBeVisible();
      await expectAccessible(page);
      await page.screenshot({ path: testInfo.outputPath(`${width}.png`) });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, 'nothing is wider than the screen').toBeLessThanOrEqual(0);
    }
  });
}
