/**
 * The shop's ledger held against the double's books, purchase by purchase. Gives sentences about what differs.
 */

/**
 * @typedef {{ kind: string, credits: number, balance_after: number }} Entry
 * @typedef {{ id: string, status: string, failure_reason: string | null, credits: number, amount_cents: number, session_id: string | null, entries: Entry[] }} Receipt
 * @typedef {{ session: string, status: string, payment_status: string, payment_intent: string | null, livemode: boolean, currency: string, amount_total: number, received: number, refunded: number, disputed: number }} Line
 * @typedef {{ receipts: Receipt[], balance: number, newest: number }} Statement
 */

/** @param {Entry[]} entries */
const sum = (entries) => entries.reduce((total, { credits }) => total + credits, 0);

/** What a purchase must have come to in the ledger. @param {Receipt} receipt @param {Line | undefined} line */
function due({ credits, amount_cents: amount }, line) {
  if (!line || line.received === 0) return 0;
  const gone = Math.min(line.refunded + line.disputed, amount);
  return credits - Math.floor((credits * gone) / amount);
}

/**
 * How a purchase must stand: the states that its session allows.
 * @param {Receipt} receipt @param {Line | undefined} line @param {{ dropped: boolean, wasWhollyRefunded: boolean, isPaymentUnderWay: boolean }} known
 */
function allowed({ amount_cents: amount }, line, { dropped, wasWhollyRefunded, isPaymentUnderWay }) {
  if (!line) return ['PENDING'];
  if (line.received > 0) {
    if (line.refunded >= amount) return ['REFUNDED'];
    // A purchase that was refunded stays so when the refund fails; whether the shop ever saw it stand is chance.
    return wasWhollyRefunded ? ['PAID', 'REFUNDED'] : ['PAID'];
  }
  if (line.status === 'expired') return dropped ? ['FAILED CANCELLED', 'FAILED EXPIRED'] : ['FAILED EXPIRED'];
  if (line.status === 'complete' && !isPaymentUnderWay) return ['FAILED PAYMENT_FAILED'];
  return ['PENDING'];
}

/**
 * @param {Statement} statement a tenant's
 * @param {{ lives: import('./story.mjs').Lived[], lines: Map<string, Line[]>, isPaymentUnderWay: (line: Line) => boolean, cannotOpen: (purchase: string) => boolean }} books
 */
export function compare({ receipts, balance, newest }, { lives, lines, isPaymentUnderWay, cannotOpen }) {
  /** @type {string[]} */
  const differences = [];
  const say = (/** @type {string} */ text) => differences.push(text);
  const ordered = new Map(lives.flatMap((life) => (life.ordered ? [[life.ordered.purchase_id, life]] : [])));
  if (receipts.length !== lives.length) say(`${lives.length} orders became ${receipts.length} purchases`);
  if (new Set(receipts.map(({ id }) => id)).size !== receipts.length) say('the history lists a purchase twice');
  for (const [id, { ordered: answer }] of ordered) {
    const receipt = receipts.find((one) => one.id === id);
    if (receipt?.session_id !== answer?.session_id) say(`${id}: the buyer was sent to ${answer?.session_id}, the purchase has ${receipt?.session_id}`);
  }
  for (const receipt of receipts) {
    const life = ordered.get(receipt.id);
    const [line, ...more] = lines.get(receipt.id) ?? [];
    const about = `${receipt.id} (${life ? `${life.plan.payment}, ${life.plan.moneyBack}` : 'never answered'})`;
    if (more.length > 0) say(`${about}: has ${more.length + 1} sessions`);
    if (!line && !cannotOpen(receipt.id)) say(`${about}: has no session`);
    if (line && line.session !== receipt.session_id && !cannotOpen(receipt.id)) say(`${about}: has the session ${receipt.session_id}, not ${line.session}`);
    if (line && (line.livemode || line.currency !== 'eur' || line.amount_total !== receipt.amount_cents)) say(`${about}: its session is not what was sold: ${JSON.stringify(line)}`);
    const states = allowed(receipt, line, {
      dropped: life?.plan.payment === 'drops',
      wasWhollyRefunded: life?.wasWhollyRefunded ?? false,
      isPaymentUnderWay: Boolean(line && isPaymentUnderWay(line)),
    });
    const state = [receipt.status, receipt.failure_reason].filter(Boolean).join(' ');
    if (!states.includes(state)) say(`${about}: is ${state}, must be ${states.join(' or ')}: ${JSON.stringify(line)}`);
    if (sum(receipt.entries) !== due(receipt, line)) {
      say(`${about}: has ${sum(receipt.entries)} credits in the ledger, must have ${due(receipt, line)}: ${JSON.stringify(receipt.entries)} ${JSON.stringify(line)}`);
    }
  }
  const entries = receipts.flatMap((receipt) => receipt.entries);
  if (sum(entries) !== balance) say(`the balance is ${balance}, the entries' sum ${sum(entries)}`);
  if (newest !== entries.length) say(`the newest entry is number ${newest}, and there are ${entries.length}`);
  if (!isOneChain(entries, balance)) say(`the entries do not follow upon each other: ${JSON.stringify(entries)}`);
  return differences;
}

/**
 * Whether the entries can be put in an order in which each begins with the balance that the one before has left. They
 * are seen by purchase, without their numbers, so this looks for a way from 0 to the balance that takes each entry once.
 * @param {Entry[]} entries @param {number} balance
 */
export function isOneChain(entries, balance) {
  /** @type {Map<number, number[]>} */
  const from = new Map();
  for (const { credits, balance_after: after } of entries) from.set(after - credits, [...(from.get(after - credits) ?? []), after]);
  // Hierholzer's way: walk until stuck; what is left over are loops, taken in on the way back.
  const walk = [0];
  const chain = [];
  while (walk.length > 0) {
    const next = from.get(walk[walk.length - 1])?.pop();
    if (next === undefined) chain.unshift(walk.pop());
    else walk.push(next);
  }
  return chain.length === entries.length + 1 && chain[chain.length - 1] === balance && followsUp(chain, entries);
}

/** A walk that got stuck off its end has steps that are no entry. @param {(number | undefined)[]} chain @param {Entry[]} entries */
function followsUp(chain, entries) {
  const steps = new Map();
  for (const { credits, balance_after: after } of entries) steps.set(`${after - credits} ${after}`, (steps.get(`${after - credits} ${after}`) ?? 0) + 1);
  return chain.slice(1).every((after, index) => {
    const step = `${chain[index]} ${after}`;
    steps.set(step, (steps.get(step) ?? 0) - 1);
    return steps.get(step) >= 0;
  });
}
