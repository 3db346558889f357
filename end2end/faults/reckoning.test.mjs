/** The reckoning itself: books that agree are agreed with, and each way of falsifying them is seen. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, isOneChain } from './reckoning.mjs';

const entry = (/** @type {number} */ credits, /** @type {number} */ after, kind = 'PURCHASE') => ({ kind, credits, balance_after: after });

/** A tenant with one purchase, of 5 credits for 699 cents, of which 350 went back and then 140 were disputed. */
function books() {
  const receipt = {
    id: 'p1', status: 'PAID', failure_reason: /** @type {string | null} */ (null), credits: 5, amount_cents: 699, session_id: 'cs_1',
    entries: [entry(5, 5), entry(-2, 3, 'REFUND'), entry(-1, 2, 'DISPUTE')],
  };
  const line = {
    session: 'cs_1', status: 'complete', payment_status: 'paid', payment_intent: 'pi_1', livemode: false, currency: 'eur',
    amount_total: 699, received: 699, refunded: 350, disputed: 140,
  };
  const life = {
    plan: /** @type {any} */ ({ payment: 'pays', moneyBack: 'a_part' }),
    ordered: { purchase_id: 'p1', session_id: 'cs_1', checkout_url: '' },
    wasWhollyRefunded: false,
  };
  return { statement: { receipts: [receipt], balance: 2, newest: 3 }, receipt, line, lives: [life], lines: [line] };
}

/** @param {(of: ReturnType<typeof books>) => void} falsify */
function differences(falsify) {
  const all = books();
  falsify(all);
  const lines = new Map([['p1', all.lines]]);
  return compare(all.statement, { lives: all.lives, lines, isPaymentUnderWay: () => false, cannotOpen: () => false });
}

test('books that agree are agreed with', () => assert.deepEqual(differences(() => {}), []));

/** @type {Record<string, (of: ReturnType<typeof books>) => void>} */
const FALSE = {
  'a refund that the ledger does not know': ({ line }) => (line.refunded = 490),
  'a dispute that was won': ({ line }) => (line.disputed = 0),
  'money that never came': ({ line }) => Object.assign(line, { received: 0, status: 'open', payment_status: 'unpaid' }),
  'an entry that is missing': ({ receipt }) => receipt.entries.pop(),
  'an entry that is there twice': ({ receipt, statement }) => {
    receipt.entries.push(entry(5, 7));
    Object.assign(statement, { balance: 7, newest: 4 });
  },
  'a balance that is no sum': ({ statement }) => (statement.balance = 3),
  'a number that was left out': ({ statement }) => (statement.newest = 4),
  'a purchase that waits for ever': ({ receipt }) => (receipt.status = 'PENDING'),
  'a purchase refunded in part that says in whole': ({ receipt }) => (receipt.status = 'REFUNDED'),
  'a second session': ({ lines, line }) => lines.push({ ...line, session: 'cs_2', received: 0, refunded: 0, disputed: 0 }),
  'no session': ({ lines }) => lines.pop(),
  'a session of somebody else': ({ receipt }) => (receipt.session_id = 'cs_2'),
  'a session with another price': ({ line }) => (line.amount_total = 799),
  'a second purchase': ({ statement, receipt }) => statement.receipts.push({ ...receipt, id: 'p2', entries: [] }),
  'a purchase that is gone': ({ statement }) => statement.receipts.pop(),
};
for (const [what, falsify] of Object.entries(FALSE)) test(`${what} is seen`, () => assert.notDeepEqual(differences(falsify), []));

test('a chain of entries with a gap, a fork or a wrong end is seen', () => {
  const good = [entry(5, 5), entry(-5, 0), entry(5, 5), entry(1, 6)];
  assert(isOneChain([], 0) && isOneChain(good, 6) && isOneChain(good.toReversed(), 6));
  assert(!isOneChain(good, 5), 'wrong end');
  assert(!isOneChain([entry(5, 5), entry(1, 7)], 7), 'gap');
  assert(!isOneChain([entry(5, 5), entry(1, 1), entry(1, 6)], 6), 'fork');
});
