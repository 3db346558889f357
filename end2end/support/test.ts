import { writeFile } from 'node:fs/promises';
import AxeBuilder from '@axe-core/playwright';
import { type BrowserContext, type Page, test as base, expect } from '@playwright/test';
import { Shop } from './shop.ts';

export { expect };

/** The demo account of mock mode. */
export const DEMO = { email: 'demo@example.com', password: 'demo-credits' };

interface Fixtures {
  /** The settings of the test's server. */
  settings: Record<string, string>;
  /** The test's server. */
  shop: Shop;
  /** The console messages that are allowed in this test; any other warning or error fails it. */
  allowedInConsole: RegExp[];
  /** Asserts that axe finds no serious violation on the page. */
  expectAccessible: (page: Page) => Promise<void>;
}

export const test = base.extend<Fixtures>({
  allowedInConsole: [[], { option: true }],

  settings: [{}, { option: true }],

  shop: async ({ settings }, use, testInfo) => {
    const shop = await Shop.start(settings);
    await use(shop);
    const exitCode = await shop.stop();
    if (testInfo.status !== testInfo.expectedStatus) await writeFile(testInfo.outputPath('server.log'), shop.log);
    expect(exitCode, 'the server must end cleanly while pages are open').toBe(0);
    expect(shop.log, 'the server must not panic').not.toContain('panicked');
  },

  baseURL: async ({ shop }, use) => use(shop.url),

  context: async ({ context, allowedInConsole }, use) => {
    const complaints = complaintsOf(context, allowedInConsole);
    await use(context);
    expect(complaints, 'the console must stay silent').toEqual([]);
  },

  expectAccessible: async ({}, use) => {
    await use(async (page) => {
      // Waits for the end of animations, whose colours would give wrong contrasts.
      await page.evaluate(() => {
        const ending = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity);
        return Promise.allSettled(ending.map(({ finished }) => finished));
      });
      // Legacy mode, which opens no extra page to merge the results of frames; the shop has no frames.
      const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      const findings = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html)}`);
      expect(findings, `axe on ${page.url()}`).toEqual([]);
    });
  },
});

/** Collects the warnings and errors of the browser's console, except the allowed ones. */
export function complaintsOf(context: BrowserContext, allowedInConsole: RegExp[]): string[] {
  const complaints: string[] = [];
  context.on('console', (message) => {
    const text = `${message.type()}: ${message.text()} (${message.location().url})`;
    const bad = message.type() === 'error' || message.type() === 'warning';
    if (bad && !allowedInConsole.some((allowed) => allowed.test(text))) complaints.push(text);
  });
  context.on('weberror', (error) => complaints.push(`uncaught: ${error.error()}`));
  return complaints;
}

/** Signs in by the form, and waits until the front page is hydrated. */
export async function signIn(page: Page, account = DEMO): Promise<void> {
  await page.goto('/signin');
  await fillAccountForm(page, account);
  await page.getByRole('button', { name: 'Anmelden' }).click();
  await expect(page.getByRole('heading', { name: 'Credits kaufen' })).toBeVisible();
}

/** Signs in without opening a page, so that the next page is the first one. */
export async function signInBeforehand(page: Page): Promise<void> {
  expect((await page.request.post('/auth/session', { data: DEMO })).status()).toBe(204);
}

export async function fillAccountForm(page: Page, account: { email: string; password: string }): Promise<void> {
  await page.getByLabel('E-Mail-Adresse').fill(account.email);
  await page.getByLabel('Passwort').fill(account.password);
}

/** The balance in the header. */
export const balance = (page: Page) => page.getByRole('banner').getByRole('link', { name: /^Verfügbar/ });

export const products = (page: Page) => page.getByRole('region', { name: 'Produkte' });
export const history = (page: Page) => page.getByRole('region', { name: 'Ihre Käufe' });
export const historyRows = (page: Page) => history(page).getByRole('listitem');
export const orderDialog = (page: Page) => page.getByRole('dialog', { name: 'Bestellung' });
export const orderButton = (page: Page) => page.getByRole('button', { name: 'Zahlungspflichtig bestellen' });
export const consentBox = (page: Page) => page.getByRole('checkbox', { name: /^Ich verlange, dass die Credits sofort/ });

/** Ticks the consent box, and orders. */
export async function placeOrder(page: Page): Promise<void> {
  await consentBox(page).check();
  await orderButton(page).click();
}

/** Buys a product, up to the success page. */
export async function buy(page: Page, product: string): Promise<void> {
  await page.goto('/');
  await products(page).getByRole('link', { name: `${product} kaufen`, exact: true }).click();
  await placeOrder(page);
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
}

/** Creates an open purchase of the signed-in user through the JSON API. */
export async function openPurchase(page: Page, productId: string) {
  const answer = await page.request.post('/billing/checkout/session', { data: { product_id: productId } });
  expect(answer.status()).toBe(201);
  return (await answer.json()) as { purchase_id: string; session_id: string; checkout_url: string };
}

export async function purchases(page: Page): Promise<{ id: string; status: string; product_id: string }[]> {
  const answer = await page.request.get('/billing/purchases?limit=100');
  expect(answer.status()).toBe(200);
  return (await answer.json()).items;
}

/** Holds back the answers to matching requests until the returned function is called. */
export async function heldUp(page: Page, requests: RegExp): Promise<() => void> {
  let release = () => {};
  const released = new Promise<void>((done) => (release = done));
  await page.route(requests, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** Asserts that the page is not reloaded while the steps run. */
export async function withoutReload(page: Page, steps: () => Promise<void>): Promise<void> {
  const document = await page.evaluateHandle(() => window.document);
  await steps();
  const same = await document.evaluate((before) => before === window.document).catch(() => false);
  expect(same, 'the page must change by itself, not by loading anew').toBe(true);
}
