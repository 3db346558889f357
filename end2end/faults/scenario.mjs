/**
 * The life of one purchase: ordered, paid or not, refunded, disputed. Each scenario is drawn before it runs, so a seed
 * gives the same scenarios whatever the timing.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const PRODUCTS = ['credits_1', 'credits_5', 'credits_10', 'iza_pass'];
const PAYMENTS = { pays: 52, declined_then_pays: 10, later_succeeds: 14, later_fails: 6, expires: 5, discards: 5, abandons: 8 };
const IS_PAID = ['pays', 'declined_then_pays', 'later_succeeds'];

/**
 * @typedef {(method: string, path: string, body?: any) => Promise<any>} Control
 * @typedef {{ control: Control, session: string, part: number, other: number, pause: () => Promise<unknown> }} Paid
 *   `part` and `other` are amounts whose sum is below what was paid
 * @typedef {{ key: string, product: string, payment: string, reversal: string, doubleClicks: boolean, visits: number,
 *   prng: import('./prng.mjs').Prng }} Scenario
 * @typedef {{ scenario: Scenario, order: import('./buyer.mjs').Order | null, wasWhollyRefunded: boolean }} Run
 */

/** @param {Paid} paid @param {object} [more] */
const refund = ({ control, session }, more = {}) => control('POST', '/refunds', { session, ...more });
/** @param {Paid} paid @param {string} id @param {string} status */
const moveRefund = ({ control }, id, status) => control('POST', `/refunds/${id}`, { status });
/** @param {Paid} paid @param {object} [more] */
const dispute = ({ control, session }, more = {}) => control('POST', '/disputes', { session, ...more });
/** @param {Paid} paid @param {string} id @param {string} move */
const moveDispute = ({ control }, id, move) => control('POST', `/disputes/${id}/${move}`, {});

/**
 * What can happen to a payment afterwards. `whole` refunds all of it.
 * @type {Record<string, { weight: number, whole?: boolean, apply: (paid: Paid) => Promise<unknown> }>}
 */
const REVERSALS = {
  nothing: { weight: 40, apply: async () => {} },
  a_part: { weight: 6, apply: (paid) => refund(paid, { amount: paid.part }) },
  two_parts: { weight: 6, apply: async (paid) => {
    await refund(paid, { amount: paid.part });
    await paid.pause();
    await refund(paid, { amount: paid.other });
  } },
  all: { weight: 6, whole: true, apply: (paid) => refund(paid) },
  all_in_two: { weight: 6, whole: true, apply: async (paid) => {
    await refund(paid, { amount: paid.part });
    await paid.pause();
    await refund(paid);
  } },
  all_fails: { weight: 4, whole: true, apply: async (paid) => {
    const { id } = await refund(paid);
    await paid.pause();
    await moveRefund(paid, id, 'failed');
  } },
  one_part_fails: { weight: 4, apply: async (paid) => {
    const { id } = await refund(paid, { amount: paid.part });
    await refund(paid, { amount: paid.other });
    await paid.pause();
    await moveRefund(paid, id, 'failed');
  } },
  a_part_is_under_way: { weight: 3, apply: async (paid) => {
    const { id } = await refund(paid, { amount: paid.part, status: 'pending' });
    await paid.pause();
    await moveRefund(paid, id, 'succeeded');
  } },
  a_part_is_called_back: { weight: 3, apply: async (paid) => {
    const { id } = await refund(paid, { amount: paid.part, status: 'requires_action' });
    await paid.pause();
    await moveRefund(paid, id, 'canceled');
  } },
  disputed: { weight: 3, apply: (paid) => dispute(paid) },
  dispute_won: { weight: 5, apply: async (paid) => {
    const { id } = await dispute(paid);
    await paid.pause();
    await moveDispute(paid, id, 'respond');
    await moveDispute(paid, id, 'win');
  } },
  dispute_lost: { weight: 5, apply: async (paid) => {
    const { id } = await dispute(paid);
    await paid.pause();
    await moveDispute(paid, id, 'lose');
  } },
  part_of_it_disputed_and_lost: { weight: 3, apply: async (paid) => {
    const { id } = await dispute(paid, { amount: paid.part });
    await paid.pause();
    await moveDispute(paid, id, 'lose');
  } },
  refund_during_dispute_won: { weight: 4, apply: async (paid) => {
    const { id } = await dispute(paid);
    await refund(paid, { amount: paid.part, force: true });
    await paid.pause();
    await moveDispute(paid, id, 'win');
  } },
  refund_during_dispute_lost: { weight: 4, apply: async (paid) => {
    const { id } = await dispute(paid);
    await refund(paid, { amount: paid.part, force: true });
    await paid.pause();
    await moveDispute(paid, id, 'lose');
  } },
  all_refunded_during_dispute_won: { weight: 3, whole: true, apply: async (paid) => {
    const { id } = await dispute(paid);
    await paid.pause();
    await refund(paid, { force: true });
    await moveDispute(paid, id, 'win');
  } },
  inquiry_closed: { weight: 2, apply: async (paid) => {
    const { id } = await dispute(paid, { inquiry: true });
    await paid.pause();
    await moveDispute(paid, id, 'close');
  } },
  inquiry_becomes_dispute: { weight: 3, apply: async (paid) => {
    const { id } = await dispute(paid, { inquiry: true });
    await paid.pause();
    await moveDispute(paid, id, 'escalate');
  } },
};

const WEIGHTS = Object.fromEntries(Object.entries(REVERSALS).map(([name, { weight }]) => [name, weight]));

/** @param {import('./prng.mjs').Prng} prng @param {string} key @returns {Scenario} */
export function drawScenario(prng, key) {
  const payment = prng.weighted(PAYMENTS);
  return {
    key,
    product: prng.pick(PRODUCTS),
    payment,
    reversal: IS_PAID.includes(payment) ? prng.weighted(WEIGHTS) : 'nothing',
    doubleClicks: prng.chance(0.15),
    visits: Number(prng.weighted({ 0: 5, 1: 4, 2: 2 })),
    prng,
  };
}

/**
 * @param {Scenario} scenario
 * @param {import('./buyer.mjs').Buyer} buyer
 * @param {Control} control
 * @returns {Promise<Run>}
 */
export async function runScenario(scenario, buyer, control) {
  const { prng } = scenario;
  const pause = () => sleep(prng.chance(0.4) ? 0 : prng.integer(10, 900));
  const clicks = await Promise.all(Array.from({ length: scenario.doubleClicks ? 2 : 1 }, () => buyer.order(scenario.key, scenario.product)));
  const answered = clicks.filter((click) => click !== null);
  const [order = null] = answered;
  if (answered.some((click) => click.session_id !== order?.session_id || click.purchase_id !== order?.purchase_id)) {
    throw new Error(`two clicks with the key ${scenario.key} are two orders: ${JSON.stringify(answered)}`);
  }
  if (!order) return { scenario, order, wasWhollyRefunded: false };
  const session = order.session_id;
  const act = (/** @type {string} */ move, body = {}) => control('POST', `/sessions/${session}/${move}`, body);
  const visits = Promise.all(Array.from({ length: scenario.visits }, async () => {
    await sleep(prng.integer(0, 1_500));
    await buyer.visitSuccessPage(session);
  }));

  await pause();
  switch (scenario.payment) {
    case 'declined_then_pays':
      await act('decline');
      await pause();
      await act('pay');
      break;
    case 'pays':
      await act('pay');
      break;
    case 'later_succeeds':
    case 'later_fails':
      await act('pay_later');
      await pause();
      await act('settle', { succeeded: scenario.payment === 'later_succeeds' });
      break;
    case 'expires':
      await act('expire');
      break;
    case 'discards':
      await buyer.discard(order.purchase_id);
      break;
    default:
  }
  await pause();
  const reversal = REVERSALS[scenario.reversal];
  if (scenario.reversal !== 'nothing') {
    const { amount_total: amount } = await control('GET', `/sessions/${session}`);
    const part = prng.integer(1, amount - 2);
    await reversal.apply({ control, session, part, other: prng.integer(1, amount - part - 1), pause });
  }
  await visits;
  return { scenario, order, wasWhollyRefunded: reversal.whole ?? false };
}
