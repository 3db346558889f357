/**
 * Compares the shop's ledger with the double's books, purchase by purchase, and describes each difference.
 */

/**
 * @typedef {{ kind: string, credits: number, balance_after: number }} Entry
 * @typedef {{ id: string, status: string, failure_reason: string | null, credits: number, amount_cents: number,
 *   session_id: string | null, entries: Entry[] }} Receipt
 * @typedef {{ session: string, status: string, payment_status: string, payment_intent: string | null, livemode:
 *   boolean, currency: string, amount_total: number, received: number, refunded: number, disputed: number }} Line
 * @typedef {{ receipts: Receipt[], balance: number, newest: number }} Statement
 */

/** @param {Entry[]} entries */
const sum = (entries) => entries.reduce((total, { credits }) => total + credits, 0);

/** The credits that a purchase must have in the ledger. @param {Receipt} receipt @param {Line | undefined} line */
function expectedCredits({ credits, amount_cents: amount }, line) {
  if (!line || line.received === 0) return 0;
  const gone = Math.min(line.refunded + line.disputed, amount);
  return credits - Math.floor((credits * gone) / amount);
}

/**
 * The states that a purchase may have, by its session.
 * @param {Receipt} receipt
 * @param {Line | undefined} line
 * @param {{ discarded: boolean, wasWhollyRefunded: boolean, isPaymentUnderWay: boolean }} known
 */
function expectedStates({ amount_cents: amount }, line, { discarded, wasWhollyRefunded, isPaymentUnderWay }) {
  if (!line) return ['PENDING'];
  if (line.received > 0) {
    if (line.refunded >= amount) return ['REFUNDED'];
    // REFUNDED is final, even when the refund fails later. Whether the shop saw the refund succeed depends on timing.
    return wasWhollyRefunded ? ['PAID', 'REFUNDED'] : ['PAID'];
  }
  if (line.status === 'expired') return discarded ? ['FAILED CANCELLED', 'FAILED EXPIRED'] : ['FAILED EXPIRED'];
  if (line.status === 'complete' && !isPaymentUnderWay) return ['FAILED PAYMENT_FAILED'];
  return ['PENDING'];
}

/**
 * @param {Statement} statement a tenant's
 * @param {{ runs: import('./scenario.mjs').Run[], lines: Map<string, Line[]>, isPaymentUnderWay: (line: Line) =>
 *   boolean, cannotOpen: (purchase: string) => boolean }} books
 */
export function reconcile({ receipts, balance, newest }, { runs, lines, isPaymentUnderWay, cannotOpen }) {
  /** @type {string[]} */
  const differences = [];
  const report = (/** @type {string} */ text) => differences.push(text);
  const order = new Map(runs.flatMap((run) => (run.order ? [[run.order.purchase_id, run]] : [])));
  if (receipts.length !== runs.length) report(`${runs.length} orders became ${receipts.length} purchases`);
  if (new Set(receipts.map(({ id }) => id)).size !== receipts.length) report('the history lists a purchase twice');
  for (const [id, { order: answer }] of order) {
    const receipt = receipts.find((one) => one.id === id);
    if (receipt?.session_id !== answer?.session_id) report(`${id}: the buyer was sent to ${answer?.session_id}, the purchase has ${receipt?.session_id}`);
  }
  for (const receipt of receipts) {
    const run = order.get(receipt.id);
    const [line, ...more] = lines.get(receipt.id) ?? [];
    const about = `${receipt.id} (${run ? `${run.scenario.payment}, ${run.scenario.reversal}` : 'never answered'})`;
    if (more.length > 0) report(`${about}: has ${more.length + 1} sessions`);
    if (!line && !cannotOpen(receipt.id)) report(`${about}: has no session`);
    if (line && line.session !== receipt.session_id && !cannotOpen(receipt.id)) report(`${about}: has the session ${receipt.session_id}, not ${line.session}`);
    if (line && (line.livemode || line.currency !== 'eur' || line.amount_total !== receipt.amount_cents)) report(`${about}: its session is not what was sold: ${JSON.stringify(line)}`);
    const states = expectedStates(receipt, line, {
      discarded: run?.scenario.payment === 'discards',
      wasWhollyRefunded: run?.wasWhollyRefunded ?? false,
      isPaymentUnderWay: Boolean(line && isPaymentUnderWay(line)),
    });
    const state = [receipt.status, receipt.failure_reason].filter(Boolean).join(' ');
    if (!states.includes(state)) report(`${about}: is ${state}, must be ${states.join(' or ')}: ${JSON.stringify(line)}`);
    if (sum(receipt.entries) !== expectedCredits(receipt, line)) {
      report(`${about}: has ${sum(receipt.entries)} credits in the ledger, must have ${expectedCredits(receipt, line)}: ${JSON.stringify(receipt.entries)} ${JSON.stringify(line)}`);
    }
  }
  const entries = receipts.flatMap((receipt) => receipt.entries);
  if (sum(entries) !== balance) report(`the balance is ${balance}, the entries' sum ${sum(entries)}`);
  if (newest !== entries.length) report(`the newest entry is number ${newest}, and there are ${entries.length}`);
  if (!isOneChain(entries, balance)) report(`the entries do not form one chain: ${JSON.stringify(entries)}`);
  return differences;
}

/**
 * Whether the entries can be ordered so that each starts from the balance that the one before it left. The API lists
 * them by purchase and without numbers, so this looks for a path from 0 to the balance that uses each entry once.
 * @param {Entry[]} entries @param {number} balance
 */
export function isOneChain(entries, balance) {
  /** @type {Map<number, number[]>} */
  const from = new Map();
  for (const { credits, balance_after: after } of entries) from.set(after - credits, [...(from.get(after - credits) ?? []), after]);
  // Hierholzer's algorithm: walk until stuck, then insert the remaining loops while backtracking.
  const walk = [0];
  const chain = [];
  while (walk.length > 0) {
    const next = from.get(walk[walk.length - 1])?.pop();
    if (next === undefined) chain.unshift(walk.pop());
    else walk.push(next);
  }
  return chain.length === entries.length + 1 && chain[chain.length - 1] === balance && usesEntries(chain, entries);
}

/**
 * Where no path exists, the walk contains steps that are no entry.
 * @param {(number | undefined)[]} chain
 * @param {Entry[]} entries
 */
function usesEntries(chain, entries) {
  const steps = new Map();
  for (const { credits, balance_after: after } of entries) steps.set(`${after - credits} ${after}`, (steps.get(`${after - credits} ${after}`) ?? 0) + 1);
  return chain.slice(1).every((after, index) => {
    const step = `${chain[index]} ${after}`;
    steps.set(step, (steps.get(step) ?? 0) - 1);
    return steps.get(step) >= 0;
  });
}
