import { readFile } from 'node:fs/promises';
import { buy, expect, history, historyRows, openPurchase, purchases, signIn, test } from '../support/test.ts';

const PAGE = 10;

test('an empty history says so', async ({ page }) => {
  await signIn(page);
  await expect(history(page)).toContainText('Noch keine Käufe');
});

test('the history shows every purchase once, page by page, newest first', async ({ page }) => {
  await signIn(page);
  for (let made = 0; made < PAGE + 3; made += 1) await openPurchase(page, made === 0 ? 'iza_pass' : 'credits_1');
  await page.goto('/');
  await expect(historyRows(page)).toHaveCount(PAGE);
  await expect(history(page)).not.toContainText('IZA Pass');

  await history(page).getByRole('link', { name: 'Ältere Käufe' }).click();
  await expect(historyRows(page)).toHaveCount(3);
  await expect(historyRows(page).last()).toContainText('IZA Pass');
  await expect(history(page).getByRole('link', { name: 'Ältere Käufe' })).toHaveCount(0);

  await history(page).getByRole('link', { name: 'Neueste Käufe' }).click();
  await expect(historyRows(page)).toHaveCount(PAGE);
});

test('a paid purchase has a receipt with its price, tax and booking', async ({ page }) => {
  await signIn(page);
  await buy(page, '10 Credits');
  await page.goto('/');
  await history(page).getByRole('link', { name: /^Beleg: 10 Credits/ }).click();
  const [purchase] = await purchases(page);
  await expect(page).toHaveURL(`/purchases/${purchase?.id}`);

  const receipt = page.getByRole('article');
  for (const text of ['12,99 €', '10,92 €', '2,07 €', 'demo@example.com', purchase?.id ?? 'no purchase']) {
    await expect(receipt).toContainText(text);
  }
  const booking = receipt.getByRole('table', { name: 'Buchungen' }).getByRole('row').last();
  await expect(booking).toContainText('+10');
  await expect(page.getByRole('button', { name: 'Drucken' })).toBeVisible();
});

test.describe('files', () => {
  // Chromium requests an icon for a PDF that it shows.
  test.use({ allowedInConsole: [/favicon\.ico/] });

  test('a receipt opens as a PDF, and the history comes as a spreadsheet, without JavaScript too', async ({ page, browser, shop }) => {
    await signIn(page);
    await buy(page, '10 Credits');
    const [purchase] = await purchases(page);
    const plain = await browser.newContext({ baseURL: shop.url, locale: 'en-GB', javaScriptEnabled: false });
    await plain.addCookies(await page.context().cookies());

    for (const [visitor, pdfLink, csvLink, row] of [
      [page, 'Als PDF', 'Als CSV herunterladen', /^\uFEFFKaufnummer;.*\r\n[0-9a-f-]+;IZA-000001;.*;10 Credits;10;12,99;0,00;/],
      [await plain.newPage(), 'As PDF', 'Download as CSV', /^\uFEFFPurchase number,.*\r\n[0-9a-f-]+,IZA-000001,.*,10 Credits,10,12\.99,0\.00,/],
    ] as const) {
      await visitor.goto(`/purchases/${purchase?.id}`);
      await expect(visitor.getByRole('heading', { level: 1 })).toContainText('IZA-000001');
      await visitor.getByRole('link', { name: pdfLink }).click();
      await expect(visitor).toHaveURL(`/purchases/${purchase?.id}/receipt.pdf`);
      const pdf = await visitor.request.get(visitor.url());
      expect(pdf.headers()).toMatchObject({
        'content-type': 'application/pdf',
        'content-disposition': 'inline; filename="IZA-000001.pdf"',
      });
      expect((await pdf.body()).subarray(0, 5).toString()).toBe('%PDF-');

      await visitor.goto('/');
      const download = visitor.waitForEvent('download');
      await visitor.getByRole('link', { name: csvLink }).click();
      const spreadsheet = await download;
      expect(spreadsheet.suggestedFilename()).toBe('purchases.csv');
      expect(await readFile(await spreadsheet.path(), 'utf8')).toMatch(row);
    }
    await plain.close();
  });
});

test.describe('the receipt of somebody else', () => {
  test.use({ allowedInConsole: [/status of 404/] });

  test('looks like one that does not exist', async ({ page, browser, shop }) => {
    await signIn(page);
    await buy(page, '1 Credit');
    const [purchase] = await purchases(page);
    const stranger = await browser.newContext({ baseURL: shop.url, locale: 'de-DE' });
    const theirs = await stranger.newPage();
    const account = { email: 'stranger@example.com', password: 'a long enough password' };
    expect((await theirs.request.post('/auth/accounts', { data: account })).status()).toBe(201);

    const bodies = [];
    for (const id of [purchase?.id, '01900000-0000-7000-8000-000000000000']) {
      const answer = await theirs.goto(`/purchases/${id}`);
      expect(answer?.status()).toBe(404);
      bodies.push(await theirs.getByRole('main').innerText());
    }
    expect(bodies[0]).toContain('Seite nicht gefunden');
    expect(bodies[0]).toBe(bodies[1]);
    await stranger.close();
  });
});
