/** The setup of every test: a double, a shop that receives its webhooks, and Stripe's SDK as a client. */
import http from 'node:http';
import Stripe from 'stripe';
import { controlOf } from '../client.mjs';
import { startDouble } from '../server.mjs';

export const SECRET = 'whsec_double';

/** A webhook endpoint that keeps the requests. `answer` may return another status, or delay the answer. */
export async function startShop() {
  const shop = {
    /** @type {{ body: string, signature: string, event: any, at: number }[]} */
    received: [],
    /** @type {(event: any, count: number) => number | Promise<number>} */
    answer: () => 200,
    url: '',
    types: () => shop.received.map(({ event }) => event?.type),
    close: async () => {},
  };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    let event = null;
    try {
      event = JSON.parse(body);
    } catch {
      // A truncated delivery is not valid JSON.
    }
    shop.received.push({ body, signature: String(request.headers['stripe-signature']), event, at: Date.now() });
    response.writeHead(await shop.answer(event, shop.received.length)).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  shop.url = `http://127.0.0.1:${/** @type {any} */ (server.address()).port}/webhook`;
  shop.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return shop;
}

/** @param {import('../server.mjs').Options} [options] */
export async function start(options = {}) {
  const shop = await startShop();
  const double = await startDouble({ webhooks: [{ url: shop.url, secret: SECRET }], backoff: [20, 40, 80], ...options });
  const stripe = sdk(double);
  const control = controlOf(double.url);
  const order = (/** @type {any} */ more = {}, /** @type {any} */ request = {}) => stripe.checkout.sessions.create({ ...ORDER, ...more }, request);
  const paid = async (/** @type {any} */ more = {}) => {
    const session = await order(more);
    return control('POST', `/sessions/${session.id}/pay`);
  };
  const close = async () => {
    await double.close();
    await shop.close();
  };
  return { double, shop, stripe, control, order, paid, close };
}

/** @param {{ port: number }} double @param {string} [key] @param {any} [more] */
export const sdk = ({ port }, key = 'sk_test_double', more = {}) =>
  new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', telemetry: false, maxNetworkRetries: 0, timeout: 2000, ...more });

/** @type {any} */
export const ORDER = {
  mode: 'payment',
  line_items: [{ price_data: { currency: 'eur', unit_amount: 699, product_data: { name: '5 Credits' } }, quantity: 1 }],
  client_reference_id: 'purchase-1',
  metadata: { purchase_id: 'purchase-1' },
  payment_intent_data: { metadata: { purchase_id: 'purchase-1' } },
  success_url: 'http://127.0.0.1:3000/checkout/success?session_id={CHECKOUT_SESSION_ID}',
  cancel_url: 'http://127.0.0.1:3000/checkout/cancel?purchase_id=purchase-1',
  customer_email: 'demo@example.com',
  locale: 'de',
  submit_type: 'pay',
  adaptive_pricing: { enabled: false },
};

/**
 * Presses a button on the hosted page, like a browser without scripts.
 * @param {string} sessionUrl
 * @param {string} action
 */
export async function pressButton(sessionUrl, action) {
  const [url] = sessionUrl.split('#');
  return fetch(url, { method: 'POST', body: new URLSearchParams({ action }), redirect: 'manual' });
}
