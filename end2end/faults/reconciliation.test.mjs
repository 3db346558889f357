/** Tests the reconciliation: it accepts equal books, and finds each difference. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reconcile, isOneChain } from './reconciliation.mjs';

const entry = (/** @type {number} */ credits, /** @type {number} */ after, kind = 'PURCHASE') => ({ kind, credits, balance_after: after });

/** A tenant with one purchase, of 5 credits for 699 cents, of which 350 were refunded and then 140 disputed. */
function books() {
  const receipt = {
    id: 'p1', status: 'PAID', failure_reason: /** @type {string | null} */ (null), credits: 5, amount_cents: 699, session_id: 'cs_1',
    entries: [entry(5, 5), entry(-2, 3, 'REFUND'), entry(-1, 2, 'DISPUTE')],
  };
  const line = {
    session: 'cs_1', status: 'complete', payment_status: 'paid', payment_intent: 'pi_1', livemode: false, currency: 'eur',
    amount_total: 699, received: 699, refunded: 350, disputed: 140,
  };
  const run = {
    scenario: /** @type {any} */ ({ payment: 'pays', reversal: 'a_part' }),
    order: { purchase_id: 'p1', session_id: 'cs_1', checkout_url: '' },
    wasWhollyRefunded: false,
  };
  return { statement: { receipts: [receipt], balance: 2, newest: 3 }, receipt, line, runs: [run], lines: [line] };
}

/** @param {(of: ReturnType<typeof books>) => void} change */
function differences(change) {
  const all = books();
  change(all);
  const lines = new Map([['p1', all.lines]]);
  return reconcile(all.statement, { runs: all.runs, lines, isPaymentUnderWay: () => false, cannotOpen: () => false });
}

test('books that agree have no difference', () => assert.deepEqual(differences(() => {}), []));

/** @type {Record<string, (of: ReturnType<typeof books>) => void>} */
const DIFFERENCES = {
  'a refund missing from the ledger': ({ line }) => (line.refunded = 490),
  'a dispute that was won': ({ line }) => (line.disputed = 0),
  'a payment that was never received': ({ line }) => Object.assign(line, { received: 0, status: 'open', payment_status: 'unpaid' }),
  'a missing entry': ({ receipt }) => receipt.entries.pop(),
  'a duplicate entry': ({ receipt, statement }) => {
    receipt.entries.push(entry(5, 7));
    Object.assign(statement, { balance: 7, newest: 4 });
  },
  'a balance that is not the sum': ({ statement }) => (statement.balance = 3),
  'a skipped entry number': ({ statement }) => (statement.newest = 4),
  'a paid purchase that stays PENDING': ({ receipt }) => (receipt.status = 'PENDING'),
  'a partial refund shown as a full one': ({ receipt }) => (receipt.status = 'REFUNDED'),
  'a second session': ({ lines, line }) => lines.push({ ...line, session: 'cs_2', received: 0, refunded: 0, disputed: 0 }),
  'no session': ({ lines }) => lines.pop(),
  'a session of another purchase': ({ receipt }) => (receipt.session_id = 'cs_2'),
  'a session with another price': ({ line }) => (line.amount_total = 799),
  'a second purchase': ({ statement, receipt }) => statement.receipts.push({ ...receipt, id: 'p2', entries: [] }),
  'a missing purchase': ({ statement }) => statement.receipts.pop(),
};
for (const [what, change] of Object.entries(DIFFERENCES)) test(`${what} is found`, () => assert.notDeepEqual(differences(change), []));

test('a chain of entries with a gap, a fork or a wrong end is found', () => {
  const good = [entry(5, 5), entry(-5, 0), entry(5, 5), entry(1, 6)];
  assert(isOneChain([], 0) && isOneChain(good, 6) && isOneChain(good.toReversed(), 6));
  assert(!isOneChain(good, 5), 'wrong end');
  assert(!isOneChain([entry(5, 5), entry(1, 7)], 7), 'gap');
  assert(!isOneChain([entry(5, 5), entry(1, 1), entry(1, 6)], 6), 'fork');
});
