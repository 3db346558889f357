/**
 * A buyer, over HTTP. Like a person at a browser, it repeats failed requests, to any of the processes.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const PASSWORD = 'correct horse battery';
/** The most attempts of an order, and the most after a 5xx. */
const ATTEMPTS_MAX = 80;
const ERRORS_MAX = 8;

/** @typedef {{ purchase_id: string, session_id: string, checkout_url: string }} Order */

export class Buyer {
  /** @type {Map<string, number>} the answers to all buyers, counted for the summary */
  static answers = new Map();
  #cookie = '';

  /** @param {string} email @param {{ url: string }[]} shops @param {import('./prng.mjs').Prng} prng */
  constructor(email, shops, prng) {
    this.email = email;
    this.shops = shops;
    this.prng = prng;
  }

  async signUp() {
    const answer = await this.#send('POST', '/auth/accounts', { email: this.email, password: PASSWORD });
    if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.text}`);
  }

  /**
   * Orders, with the same key until there is an answer; `null` after the last attempt.
   * @param {string} key @param {string} product @param {number} [errorsMax] @returns {Promise<Order | null>}
   */
  async order(key, product, errorsMax = ERRORS_MAX) {
    let errors = 0;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX && errors < errorsMax; attempt += 1) {
      // Some close the window before the answer comes.
      const timeout = this.prng.chance(0.1) ? this.prng.integer(20, 400) : 12_000;
      const answer = await this.#send('POST', '/billing/checkout/session', { product_id: product }, { key, timeout }).catch(() => null);
      if (answer?.status === 201) return JSON.parse(answer.text);
      if (answer && answer.status < 500) throw new Error(`an order was refused: ${answer.status} ${answer.text}`);
      if (answer) errors += 1;
      await sleep(this.prng.integer(50, 400));
    }
    return null;
  }

  /** Opens the success page. Ignores errors, because the webhook settles the purchase too. @param {string} session */
  async visitSuccessPage(session) {
    const form = new URLSearchParams({ session_id: session });
    await this.#send('GET', `/checkout/success?${form}`).catch(() => null);
  }

  /** Discards a purchase on the cancel page. @param {string} purchase */
  async discard(purchase) {
    const form = new URLSearchParams({ purchase_id: purchase });
    await this.#send('POST', '/api/discard_purchase', form).catch(() => null);
  }

  /** All purchases with their entries, the balance, and the number of the newest entry. */
  async statement() {
    const purchases = [];
    let cursor = '';
    do {
      const page = await this.#read(`/billing/purchases?limit=7${cursor && `&cursor=${cursor}`}`);
      purchases.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor);
    const receipts = [];
    for (const { id } of purchases) receipts.push(await this.#read(`/billing/purchases/${id}`));
    const { credits } = await this.#read('/billing/balance');
    return { receipts, balance: credits, newest: await this.#newestEntry() };
  }

  /** The number of the newest entry, from the event id of the balance stream's first event. */
  async #newestEntry() {
    const stop = new AbortController();
    const headers = { cookie: this.#cookie };
    const answer = await fetch(`${this.prng.pick(this.shops).url}/billing/balance/stream`, { headers, signal: stop.signal });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (/^id:.*\n(.+\n)*\n/m.test(text)) break;
    }
    stop.abort();
    const id = /^id: ?(\d+)\.\d+\.\d+$/m.exec(text)?.[1];
    if (id === undefined) throw new Error(`the balance stream begins without an id: ${text}`);
    return Number(id);
  }

  /** @param {string} path @param {number} [attempts] */
  async #read(path, attempts = 3) {
    // A kept-alive connection may be dead.
    const answer = await this.#send('GET', path).catch((error) => {
      if (attempts > 1) return null;
      throw error;
    });
    if (!answer) return this.#read(path, attempts - 1);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object | URLSearchParams} [body]
   * @param {{ key?: string, timeout?: number }} [options]
   */
  async #send(method, path, body, { key, timeout = 15_000 } = {}) {
    const isForm = body instanceof URLSearchParams;
    const request = {
      method,
      headers: {
        cookie: this.#cookie,
        ...(body && !isForm && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      redirect: /** @type {const} */ ('manual'),
      signal: AbortSignal.timeout(timeout),
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    };
    try {
      const answer = await fetch(this.prng.pick(this.shops).url + path, request);
      const text = await answer.text();
      const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
      if (cookie) this.#cookie = cookie;
      const code = answer.status < 400 ? '' : ` ${/"code": ?"(\w+)"/.exec(text)?.[1] ?? ''}`;
      count(`${answer.status}${code}`);
      return { status: answer.status, text };
    } catch (error) {
      count(error instanceof Error && error.name === 'TimeoutError' ? 'timed out' : 'disconnected');
      throw error;
    }
  }
}

/** @param {string} what */
function count(what) {
  Buyer.answers.set(what, (Buyer.answers.get(what) ?? 0) + 1);
}
