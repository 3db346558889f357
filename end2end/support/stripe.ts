import { type Page, expect } from '@playwright/test';
import { controlOf } from '../stripe-double/client.mjs';
import { startDouble } from '../stripe-double/server.mjs';
import type { Webhook } from './shop.ts';
import { test as mock, placeOrder, products } from './test.ts';

/** The buyer's account, which a test has to create: only mock mode has the demo account. */
export const BUYER = { email: 'buyer@example.com', password: 'correct horse battery' };

/** A checkout session in the double's books; amounts in cents. */
interface Booked {
  session: string;
  client_reference_id: string;
  status: string;
  payment_status: string;
  received: number;
  net: number;
}

interface Fault {
  kind: string;
  match: { method?: string; path?: string; webhook?: boolean };
  after?: boolean;
}

/** A Stripe double in the test's own process; stripe-double/README.md describes its control API. */
export class Stripe {
  readonly url: string;
  readonly close: () => Promise<void>;
  readonly #control: ReturnType<typeof controlOf>;

  private constructor({ url, close }: { url: string; close: () => Promise<void> }) {
    this.url = url;
    this.close = close;
    this.#control = controlOf(url);
  }

  static async start(): Promise<Stripe> {
    return new Stripe(await startDouble());
  }

  ask(path: string) {
    return this.#control('GET', path, undefined);
  }

  tell(path: string, body: object = {}) {
    return this.#control('POST', path, body);
  }

  async notify(webhook: Webhook): Promise<void> {
    await this.#control('PUT', '/webhooks', { endpoints: [webhook] });
  }

  /** Injects a fault into every call until `mend`. */
  async breaks(fault: Fault): Promise<void> {
    await this.tell('/faults', { ...fault, times: null });
  }

  async mend(): Promise<void> {
    await this.#control('DELETE', '/faults', undefined);
  }

  /** From now on, no notification arrives. */
  async fallSilent(): Promise<void> {
    await this.breaks({ kind: 'drop', match: { webhook: true } });
  }

  /** Waits until all notifications are sent, and returns their outcomes. */
  async deliveries(): Promise<{ type: string; outcome: number | string }[]> {
    expect((await this.ask('/idle')).idle, 'notifications must not go on without end').toBe(true);
    return (await this.ask('/deliveries')).deliveries;
  }

  async booked(): Promise<Booked[]> {
    return (await this.ask('/books')).sessions;
  }
}

/** Tests with a shop that sells through a Stripe double. */
export const test = mock.extend<{ stripe: Stripe }>({
  stripe: async ({}, use) => {
    const stripe = await Stripe.start();
    await use(stripe);
    await stripe.close();
  },

  settings: async ({ stripe }, use) => use({ STRIPE_SECRET_KEY: 'sk_test_double', STRIPE_API_BASE: stripe.url }),

  shop: async ({ shop, stripe }, use) => {
    await stripe.notify(shop.webhook);
    await use(shop);
  },
});

/** A new account, signed in. */
export async function signUp(page: Page, account = BUYER): Promise<void> {
  expect((await page.request.post('/auth/accounts', { data: account })).status()).toBe(201);
}

/** Orders a product. Returns the checkout session's id. */
export async function order(page: Page, product: string): Promise<string> {
  await page.goto('/');
  await products(page).getByRole('link', { name: `${product} kaufen`, exact: true }).click();
  await placeOrder(page);
  return sessionOf(page);
}

/** Opens the shop, and waits until the page follows the balance. */
export async function openLive(page: Page): Promise<void> {
  const stream = page.waitForResponse(/\/billing\/balance\/stream$/);
  await page.goto('/');
  await stream;
}

/** The order form after hydration; before, the dialog is open but not modal. */
export const live = (page: Page) => expect(page.locator('dialog:modal')).toBeVisible();

/** The checkout session of a payment page. */
export async function sessionOf(page: Page): Promise<string> {
  await expect(page).toHaveURL(/\/c\/pay\/cs_test_/);
  return new URL(page.url()).pathname.replace('/c/pay/', '');
}

/** The actions on the payment page. */
export const payment = {
  pay: (page: Page) => page.getByRole('button', { name: /^Bezahlen/ }),
  decline: (page: Page) => page.getByRole('button', { name: 'Mit abgelehnter Karte bezahlen' }),
  later: (page: Page) => page.getByRole('button', { name: 'Später bezahlen (SEPA-Lastschrift)' }),
  cancel: (page: Page) => page.getByRole('link', { name: 'Abbrechen und zurück' }),
};

/** Orders a product and pays, up to the success page. */
export async function buyAtStripe(page: Page, product: string): Promise<string> {
  const session = await order(page, product);
  await payment.pay(page).click();
  await expect(page.getByRole('heading', { name: 'Zahlung erhalten' })).toBeVisible();
  return session;
}
