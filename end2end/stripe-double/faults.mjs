/**
 * Fault injection. A rule says what it applies to, what it does, and how often; its random numbers come from a seed.
 *
 * @typedef {object} Rule
 * @property {string} id
 * @property {string} kind
 * @property {{ method?: string, path?: string, webhook?: boolean | string }} match `path` and `webhook` are regular
 *   expressions; `webhook` is held against the event's type, `true` hits all of them
 * @property {number | null} times how many more times it is injected; null for always
 * @property {number} probability
 * @property {number} seed
 * @property {number} skip how many matches it ignores first
 * @property {number} hits how many times it was injected
 * @property {number} delay_ms for delay, and how long reorder waits for a successor
 * @property {number} retry_after seconds, for 429
 * @property {boolean} after for delay, hang, 500 and html_502: the work is done first
 * @property {boolean} sticky for 500: kept under the idempotency key and given again, as Stripe documents
 * @property {number} by for wrong_amount: what is added
 * @property {string} currency for wrong_currency
 * @property {string} version for api_version
 */
import { invalid } from './errors.mjs';
import { newId } from './objects.mjs';

const FOR_BOTH = ['delay', 'truncate', 'reset_after', 'wrong_amount', 'wrong_currency', 'wrong_livemode', 'api_version'];
const FOR_API = [...FOR_BOTH, '500', '429', 'hang', 'reset_before', 'html_502'];
const FOR_WEBHOOKS = [...FOR_BOTH, 'drop', 'double', 'reorder', 'bad_signature'];
const FIRST_ATTEMPT_ONLY = ['delay', 'drop', 'double', 'reorder'];
const FOR_RETRIES = FOR_WEBHOOKS.filter((kind) => !FIRST_ATTEMPT_ONLY.includes(kind));

const DEFAULTS = { delay_ms: 500, retry_after: 1, after: false, sticky: false, by: 100, currency: 'usd', version: '2020-08-27', seed: 1, skip: 0 };

/** A small generator of numbers in [0, 1) (mulberry32). @param {number} seed */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** @param {string} expression */
function isPattern(expression) {
  try {
    return Boolean(new RegExp(expression));
  } catch {
    return false;
  }
}

/** @param {Record<string, any>} given @returns {Rule} */
function readRule(given) {
  const { kind: rawKind, match = {}, times, probability, ...options } = given;
  const kind = String(rawKind);
  const webhook = match.webhook !== undefined && match.webhook !== false;
  const api = match.method !== undefined || match.path !== undefined;
  if (webhook && api) throw invalid('A fault hits calls (method, path) or webhooks, not both: make two rules.');
  const kinds = webhook ? FOR_WEBHOOKS : api ? FOR_API : [...new Set([...FOR_API, ...FOR_WEBHOOKS])];
  if (!kinds.includes(kind)) throw invalid(`There is no fault '${kind}' of that kind; there are ${kinds.join(', ')}.`, { param: 'kind' });
  for (const key of Object.keys(match)) {
    if (!['method', 'path', 'webhook'].includes(key)) throw invalid(`A fault matches by method, path or webhook, not by '${key}'.`, { param: 'match' });
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(DEFAULTS, key) || typeof value !== typeof DEFAULTS[/** @type {keyof typeof DEFAULTS} */ (key)]) {
      throw invalid(`A fault has no option '${key}' with such a value; there are ${Object.keys(DEFAULTS).join(', ')}.`, { param: key });
    }
  }
  if (probability !== undefined && !(probability > 0 && probability <= 1)) throw invalid('A probability is over 0 and at most 1.', { param: 'probability' });
  if (times !== undefined && times !== null && !(Number.isInteger(times) && times > 0)) throw invalid('`times` is a whole number over 0, or null.', { param: 'times' });
  for (const expression of [match.path, match.webhook]) {
    if (typeof expression === 'string' && !isPattern(expression)) throw invalid(`Not a regular expression: ${expression}`, { param: 'match' });
  }
  const often = times === undefined ? (probability === undefined ? 1 : null) : times;
  return { id: newId('fault_', 8), kind, match, times: often, probability: probability ?? 1, hits: 0, ...DEFAULTS, ...options };
}

export class Faults {
  constructor() {
    /** @type {{ rule: Rule, next: () => number }[]} */
    this.rules = [];
  }

  /** @param {Record<string, any>} given */
  add(given) {
    const rule = readRule(given);
    this.rules.push({ rule, next: random(rule.seed) });
    return rule;
  }

  list() {
    return this.rules.map(({ rule }) => rule);
  }

  /** @param {string} [id] all of them without */
  remove(id) {
    this.rules = id ? this.rules.filter(({ rule }) => rule.id !== id) : [];
  }

  /** The faults for this call. @param {string} method @param {string} path */
  forCall(method, path) {
    return this.#draw(FOR_API, ({ match }) =>
      match.webhook === undefined
      && (match.method === undefined || match.method.toUpperCase() === method)
      && (match.path === undefined || new RegExp(match.path).test(path)));
  }

  /**
   * The faults for this delivery attempt.
   * @param {string} type the event's
   * @param {{ isRetry?: boolean }} [attempt]
   */
  forWebhook(type, { isRetry = false } = {}) {
    return this.#draw(isRetry ? FOR_RETRIES : FOR_WEBHOOKS, ({ match }) =>
      match.method === undefined && match.path === undefined
      && (match.webhook === undefined || match.webhook === true || new RegExp(String(match.webhook)).test(type)));
  }

  /** @param {string[]} kinds @param {(rule: Rule) => boolean} hits @returns {Rule[]} */
  #draw(kinds, hits) {
    const struck = [];
    for (const { rule, next } of this.rules) {
      if (!kinds.includes(rule.kind) || rule.times === 0 || !hits(rule)) continue;
      if (rule.skip > 0) {
        rule.skip -= 1;
        continue;
      }
      if (next() >= rule.probability) continue;
      rule.hits += 1;
      if (rule.times !== null) rule.times -= 1;
      struck.push(rule);
    }
    return struck;
  }
}

const AMOUNTS = ['amount', 'amount_total', 'amount_subtotal', 'amount_received', 'amount_captured'];

/**
 * A copy of a value in which `lie` has changed each of Stripe's objects.
 * @param {any} value
 * @param {(object: any) => void} lie
 * @returns {any}
 */
function everywhere(value, lie) {
  if (Array.isArray(value)) return value.map((item) => everywhere(item, lie));
  if (typeof value !== 'object' || value === null) return value;
  const copy = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, everywhere(item, lie)]));
  if (typeof copy.object === 'string') lie(copy);
  return copy;
}

/** Applies a wrong_… fault to an answer or an event. @param {any} body @param {Rule} fault */
export function distort(body, { kind, by, currency }) {
  if (kind === 'wrong_amount') {
    return everywhere(body, (object) => {
      for (const name of AMOUNTS) if (object[name] > 0) object[name] += by;
    });
  }
  if (kind === 'wrong_currency') {
    return everywhere(body, (object) => {
      if ('currency' in object) object.currency = currency;
    });
  }
  if (kind === 'wrong_livemode') {
    return everywhere(body, (object) => {
      if ('livemode' in object) object.livemode = !object.livemode;
    });
  }
  return body;
}
