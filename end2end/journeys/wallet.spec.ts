import type { Page } from '@playwright/test';
import { balance, expect, signIn, test } from '../support/test.ts';
import { Wallet } from '../support/wallet.ts';

const JOB = 'job-'.padEnd(120, 'x');

/** Ten credits, bought without a page, since a page's order is another journey. */
async function buyTen(page: Page): Promise<void> {
  const order = await page.request.post('/billing/checkout/session', { data: { product_id: 'credits_10' } });
  const { session_id } = await order.json();
  expect((await page.request.post('/billing/checkout/complete', { data: { session_id } })).ok()).toBe(true);
}

for (const javaScriptEnabled of [true, false]) {
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test('the account tells what was spent from what is held, and is filtered', async ({ page, shop, expectAccessible }) => {
      await signIn(page);
      await buyTen(page);
      const wallet = new Wallet(shop);
      wallet.spend(3, JOB, 'Bild eines Hauses');
      wallet.hold(4, 600, JOB, 'Video wird erzeugt');

      await page.goto('/account');
      await expect(balance(page)).toHaveText('Verfügbar: 3 Credits');
      const held = page.getByRole('region', { name: 'Reservierte Credits' });
      await expect(held).toContainText(/Video wird erzeugt.*4.Credits reserviert, höchstens bis/s);
      await expect(held).not.toContainText('−');
      await expect(page.getByRole('region', { name: 'Credits', exact: true })).toContainText(
        /Guthaben.*7.Credits.*Reserviert.*4.Credits.*Verfügbar.*3.Credits/s,
      );
      const rows = page.getByRole('table', { name: 'Guthaben im Verlauf' }).getByRole('row');
      await expect(rows.nth(1)).toContainText(/Bild eines Hauses.*Verbrauch.*job-.*−3.*7/s);
      if (javaScriptEnabled) await expectAccessible(page);
      await page.setViewportSize({ width: 320, height: 640 });
      const wide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
      if (javaScriptEnabled) expect(await page.evaluate(wide), 'no long name makes the page scroll sideways').toBe(0);

      await page.getByLabel('Art der Buchung').selectOption('Kauf');
      await page.getByRole('button', { name: 'Filtern' }).click();
      await expect(page).toHaveURL(/\/account\?kind=PURCHASE$/);
      await expect(rows).toHaveCount(2);
      await expect(rows.nth(1)).toContainText(/Gekaufte Credits\..*\+10/s);
      await expect(page.getByLabel('Art der Buchung')).toHaveValue('PURCHASE');
      await expect(page.getByRole('link', { name: 'Buchungen als CSV' })).toHaveAttribute('href', '/ledger.csv?kind=PURCHASE');
    });
  });
}
