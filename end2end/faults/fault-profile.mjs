/**
 * The faults that the double injects, and their probabilities: every kind, into API calls and webhook deliveries.
 */

const CALLS = { path: '^/v1/' };
const DELIVERIES = { webhook: true };
const OPENING = { method: 'POST', path: '^/v1/checkout/sessions$' };
const PAYMENTS = { webhook: '^checkout\\.session\\.(completed|async_payment_succeeded)$' };

/** @type {{ kind: string, match: object, probability: number, [option: string]: any }[]} */
const PROFILE = [
  { kind: 'delay', match: CALLS, probability: 0.06, delay_ms: 300 },
  { kind: 'delay', match: CALLS, probability: 0.04, delay_ms: 600, after: true },
  { kind: '500', match: CALLS, probability: 0.04 },
  { kind: '500', match: CALLS, probability: 0.04, after: true },
  // Stripe keeps a 500 under its idempotency key for a day, so the order can no longer get a session. Injected only
  // once each.
  { kind: '500', match: OPENING, probability: 0, sticky: true },
  { kind: '500', match: OPENING, probability: 0, sticky: true, after: true },
  { kind: '429', match: CALLS, probability: 0.03 },
  { kind: 'html_502', match: CALLS, probability: 0.03 },
  { kind: 'html_502', match: CALLS, probability: 0.03, after: true },
  { kind: 'hang', match: CALLS, probability: 0.004 },
  { kind: 'hang', match: CALLS, probability: 0.004, after: true },
  { kind: 'reset_before', match: CALLS, probability: 0.03 },
  { kind: 'reset_after', match: CALLS, probability: 0.04 },
  { kind: 'truncate', match: CALLS, probability: 0.03 },
  { kind: 'api_version', match: CALLS, probability: 0.01, version: '2020-08-27' },
  { kind: 'api_version', match: CALLS, probability: 0.02, version: '2031-01-01.quokka' },
  { kind: 'delay', match: DELIVERIES, probability: 0.1, delay_ms: 800 },
  { kind: 'drop', match: DELIVERIES, probability: 0.08 },
  { kind: 'double', match: DELIVERIES, probability: 0.12 },
  { kind: 'reorder', match: DELIVERIES, probability: 0.1, delay_ms: 400 },
  { kind: 'reset_after', match: DELIVERIES, probability: 0.08 },
  { kind: 'truncate', match: DELIVERIES, probability: 0.05 },
  { kind: 'bad_signature', match: DELIVERIES, probability: 0.04 },
  { kind: 'api_version', match: DELIVERIES, probability: 0.02, version: '2017-04-06' },
  { kind: 'api_version', match: DELIVERIES, probability: 0.02, version: '2020-08-27' },
  { kind: 'api_version', match: DELIVERIES, probability: 0.04, version: '2031-01-01.quokka' },
  // The shop must book nothing, and raise attention.
  { kind: 'wrong_amount', match: PAYMENTS, probability: 0.15, times: 5 },
  { kind: 'wrong_currency', match: PAYMENTS, probability: 0.15, times: 5 },
  { kind: 'wrong_livemode', match: PAYMENTS, probability: 0.15, times: 5 },
];

/** Faults that give an event a wrong amount, currency or livemode. */
export const TAMPERING = ['wrong_amount', 'wrong_currency', 'wrong_livemode'];

/** The double's fault rules: each fault at random, and at least once. @param {import('./prng.mjs').Prng} prng */
export function faultRules(prng) {
  return PROFILE.flatMap(({ probability, times = null, ...rule }) => {
    const once = { ...rule, times: 1, skip: prng.integer(2, 30) };
    return probability > 0 ? [{ ...rule, probability, times, seed: prng.integer(1, 2 ** 31) }, once] : [once];
  });
}

/** The number of times that each fault was injected, into calls and deliveries. @param {any[]} rules */
export function hitsByFault(rules) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { kind, match, after, sticky, hits } of rules) {
    const name = `${match.webhook === undefined ? 'call' : 'event'} ${kind}${sticky ? ' kept' : ''}${after ? ' after' : ''}`;
    counts[name] = (counts[name] ?? 0) + hits;
  }
  return counts;
}
