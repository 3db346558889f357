/** Tests each reason for which a tampered event may be applied, and similar cases that are none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isJustified } from './tampering.mjs';

const stored = (more = {}) => ({ status: 'APPLIED', note: 'applied', attempts: 1, payment_status: 'paid', ...more });
const delivery = (more = {}) => ({ event: 'evt_1', status: 200, faults: ['wrong_amount'], at: 1_000, ...more });
const list = (more = {}) => ({ path: '/v1/events', at: 900, listed: ['evt_0', 'evt_1'], ...more });

/**
 * @param {Parameters<typeof isJustified>[1]} event
 * @param {Parameters<typeof isJustified>[2]} [deliveries]
 * @param {Parameters<typeof isJustified>[3]} [calls]
 */
const judged = (event, deliveries = [delivery()], calls = []) => isJustified('evt_1', event, deliveries, calls);

test('a tampered event that was applied is found', () => assert(!judged(stored())));

test('attention, a settled purchase and an unpaid session justify it', () => {
  assert(judged(stored({ status: 'ATTENTION', note: "the session's amount is not the purchase's" })));
  assert(judged(stored({ note: 'nothing new' })));
  assert(judged(stored({ payment_status: 'unpaid' })));
  assert(!judged(stored({ status: 'IGNORED', note: 'nothing new' })));
});

test('an untampered delivery justifies it, if it arrived and is of the same event', () => {
  const untampered = delivery({ faults: ['delay'], at: 2_000 });
  assert(judged(stored(), [delivery(), untampered]));
  assert(!judged(stored(), [delivery(), { ...untampered, status: 400 }]));
  assert(!judged(stored(), [delivery(), { ...untampered, event: 'evt_0' }]));
});

test('a list justifies it only if it has the event, and was read in time', () => {
  assert(judged(stored(), [delivery()], [list()]));
  assert(!judged(stored(), [delivery()], [list({ listed: ['evt_0'] })]), 'another event');
  assert(!judged(stored(), [delivery()], [list({ listed: [] })]), 'an answer that broke off');
  assert(!judged(stored(), [delivery()], [list({ at: 1_100 })]), 'read when the event was done already');
  assert(!judged(stored(), [delivery({ status: 400, at: 500 }), delivery()], [list({ at: 1_100 })]), 'refused deliveries do not count');
  assert(!judged(stored({ status: 'IGNORED' }), [delivery()], [list()]), 'it was not applied');
  assert(!judged(stored(), [delivery()], [list({ path: '/v1/charges' })]), 'another list');
});

test('a list may be read later if the event waited, or no delivery was answered', () => {
  assert(judged(stored({ attempts: 2 }), [delivery()], [list({ at: 60_000 })]));
  assert(judged(stored(), [delivery({ status: 0 })], [list({ at: 60_000 })]));
});
