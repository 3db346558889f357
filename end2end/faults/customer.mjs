/**
 * A customer of the shop over HTTP, as patient as a browser with somebody in front of it: what gets no good answer is
 * sent again, to whichever process is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const PASSWORD = 'correct horse battery';
/** How often an order is tried in all, and how often after an answer that was none. */
const ATTEMPTS_MAX = 80;
const ERRORS_MAX = 8;

/** @typedef {{ purchase_id: string, session_id: string, checkout_url: string }} Ordered */

export class Customer {
  /** @type {Map<string, number>} what came of all calls of all customers, for the summary */
  static answers = new Map();
  #cookie = '';

  /** @param {string} email @param {{ url: string }[]} shops @param {import('./chance.mjs').Chance} chance */
  constructor(email, shops, chance) {
    this.email = email;
    this.shops = shops;
    this.chance = chance;
  }

  async signUp() {
    const answer = await this.#send('POST', '/auth/accounts', { email: this.email, password: PASSWORD });
    if (answer.status !== 201) throw new Error(`sign-up: ${answer.status} ${answer.text}`);
  }

  /**
   * Orders, again and again with the same key; `null` when patience is at its end.
   * @param {string} key @param {string} product @param {number} [errorsMax] @returns {Promise<Ordered | null>}
   */
  async order(key, product, errorsMax = ERRORS_MAX) {
    let errors = 0;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX && errors < errorsMax; attempt += 1) {
      // Now and then somebody closes the window in the midst of it.
      const patience = this.chance.happens(0.1) ? this.chance.whole(20, 400) : 12_000;
      const answer = await this.#send('POST', '/billing/checkout/session', { product_id: product }, { key, patience }).catch(() => null);
      if (answer?.status === 201) return JSON.parse(answer.text);
      if (answer && answer.status < 500) throw new Error(`an order was refused: ${answer.status} ${answer.text}`);
      if (answer) errors += 1;
      await sleep(this.chance.whole(50, 400));
    }
    return null;
  }

  /** Comes back from the payment page; what it shows, and whether it comes at all, changes nothing for the customer. @param {string} session */
  async comeBack(session) {
    const form = new URLSearchParams({ session_id: session });
    await this.#send('GET', `/checkout/success?${form}`).catch(() => null);
  }

  /** Drops a purchase at the cancel page. @param {string} purchase */
  async drop(purchase) {
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

  /** The stream of balances begins with the present one, whose id is the newest entry's number. */
  async #newestEntry() {
    const stop = new AbortController();
    const headers = { cookie: this.#cookie };
    const answer = await fetch(`${this.chance.of(this.shops).url}/billing/balance/stream`, { headers, signal: stop.signal });
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of answer.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (/^id:.*\n(.+\n)*\n/m.test(text)) break;
    }
    stop.abort();
    const id = /^id: ?(\d+)\.\d+$/m.exec(text)?.[1];
    if (id === undefined) throw new Error(`the stream of balances begins without an id: ${text}`);
    return Number(id);
  }

  /** @param {string} path @param {number} [attempts] */
  async #read(path, attempts = 3) {
    // A connection of before can turn out to be dead.
    const answer = await this.#send('GET', path).catch((error) => {
      if (attempts > 1) return null;
      throw error;
    });
    if (!answer) return this.#read(path, attempts - 1);
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${answer.text}`);
    return JSON.parse(answer.text);
  }

  /** @param {string} method @param {string} path @param {object | URLSearchParams} [body] @param {{ key?: string, patience?: number }} [options] */
  async #send(method, path, body, { key, patience = 15_000 } = {}) {
    const isForm = body instanceof URLSearchParams;
    const request = {
      method,
      headers: {
        cookie: this.#cookie,
        ...(body && !isForm && { 'content-type': 'application/json' }),
        ...(key && { 'idempotency-key': key }),
      },
      redirect: /** @type {const} */ ('manual'),
      signal: AbortSignal.timeout(patience),
      ...(body && { body: isForm ? body : JSON.stringify(body) }),
    };
    try {
      const answer = await fetch(this.chance.of(this.shops).url + path, request);
      const text = await answer.text();
      const cookie = answer.headers.getSetCookie().map((line) => line.split(';')[0]).join('; ');
      if (cookie) this.#cookie = cookie;
      const code = answer.status < 400 ? '' : ` ${/"code": ?"(\w+)"/.exec(text)?.[1] ?? ''}`;
      count(`${answer.status}${code}`);
      return { status: answer.status, text };
    } catch (error) {
      count(error instanceof Error && error.name === 'TimeoutError' ? 'given up' : 'cut off');
      throw error;
    }
  }
}

/** @param {string} what */
function count(what) {
  Customer.answers.set(what, (Customer.answers.get(what) ?? 0) + 1);
}
