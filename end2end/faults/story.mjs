/**
 * One purchase, from the order to the last of its money's ways. What will be done is drawn before anything happens, so
 * that a seed gives the same plans whatever the timing.
 */
import { setTimeout as sleep } from 'node:timers/promises';

const PRODUCTS = ['credits_1', 'credits_5', 'credits_10', 'iza_pass'];
const PAYMENTS = { pays: 52, declined_then_pays: 10, later_succeeds: 14, later_fails: 6, expires: 5, drops: 5, abandons: 8 };
const IS_PAID = ['pays', 'declined_then_pays', 'later_succeeds'];

/**
 * @typedef {(method: string, path: string, body?: any) => Promise<any>} Control
 * @typedef {{ control: Control, session: string, part: number, other: number, pause: () => Promise<unknown> }} Paid `part`
 *   and `other` are amounts that together are less than what was paid
 * @typedef {{ key: string, product: string, payment: string, moneyBack: string, clicksTwice: boolean, comesBack: number, chance: import('./chance.mjs').Chance }} Plan
 * @typedef {{ plan: Plan, ordered: import('./customer.mjs').Ordered | null, wasWhollyRefunded: boolean }} Lived
 */

/** @param {Paid} paid @param {object} [more] */
const refund = ({ control, session }, more = {}) => control('POST', '/refunds', { session, ...more });
/** @param {Paid} paid @param {string} id @param {string} status */
const moveRefund = ({ control }, id, status) => control('POST', `/refunds/${id}`, { status });
/** @param {Paid} paid @param {object} [more] */
const dispute = ({ control, session }, more = {}) => control('POST', '/disputes', { session, ...more });
/** @param {Paid} paid @param {string} id @param {string} move */
const moveDispute = ({ control }, id, move) => control('POST', `/disputes/${id}/${move}`, {});

/** What can become of money that was paid. @type {Record<string, { weight: number, whole?: boolean, happen: (paid: Paid) => Promise<unknown> }>} */
const MONEY_BACK = {
  nothing: { weight: 40, happen: async () => {} },
  a_part: { weight: 6, happen: (paid) => refund(paid, { amount: paid.part }) },
  two_parts: { weight: 6, happen: async (paid) => {
    await refund(paid, { amount: paid.part });
    await paid.pause();
    await refund(paid, { amount: paid.other });
  } },
  all: { weight: 6, whole: true, happen: (paid) => refund(paid) },
  all_in_two: { weight: 6, whole: true, happen: async (paid) => {
    await refund(paid, { amount: paid.part });
    await paid.pause();
    await refund(paid);
  } },
  all_fails: { weight: 4, whole: true, happen: async (paid) => {
    const { id } = await refund(paid);
    await paid.pause();
    await moveRefund(paid, id, 'failed');
  } },
  one_part_fails: { weight: 4, happen: async (paid) => {
    const { id } = await refund(paid, { amount: paid.part });
    await refund(paid, { amount: paid.other });
    await paid.pause();
    await moveRefund(paid, id, 'failed');
  } },
  a_part_is_under_way: { weight: 3, happen: async (paid) => {
    const { id } = await refund(paid, { amount: paid.part, status: 'pending' });
    await paid.pause();
    await moveRefund(paid, id, 'succeeded');
  } },
  a_part_is_called_back: { weight: 3, happen: async (paid) => {
    const { id } = await refund(paid, { amount: paid.part, status: 'requires_action' });
    await paid.pause();
    await moveRefund(paid, id, 'canceled');
  } },
  disputed: { weight: 3, happen: (paid) => dispute(paid) },
  dispute_won: { weight: 5, happen: async (paid) => {
    const { id } = await dispute(paid);
    await paid.pause();
    await moveDispute(paid, id, 'respond');
    await moveDispute(paid, id, 'win');
  } },
  dispute_lost: { weight: 5, happen: async (paid) => {
    const { id } = await dispute(paid);
    await paid.pause();
    await moveDispute(paid, id, 'lose');
  } },
  part_of_it_disputed_and_lost: { weight: 3, happen: async (paid) => {
    const { id } = await dispute(paid, { amount: paid.part });
    await paid.pause();
    await moveDispute(paid, id, 'lose');
  } },
  refund_during_dispute_won: { weight: 4, happen: async (paid) => {
    const { id } = await dispute(paid);
    await refund(paid, { amount: paid.part, force: true });
    await paid.pause();
    await moveDispute(paid, id, 'win');
  } },
  refund_during_dispute_lost: { weight: 4, happen: async (paid) => {
    const { id } = await dispute(paid);
    await refund(paid, { amount: paid.part, force: true });
    await paid.pause();
    await moveDispute(paid, id, 'lose');
  } },
  all_refunded_during_dispute_won: { weight: 3, whole: true, happen: async (paid) => {
    const { id } = await dispute(paid);
    await paid.pause();
    await refund(paid, { force: true });
    await moveDispute(paid, id, 'win');
  } },
  inquiry_closed: { weight: 2, happen: async (paid) => {
    const { id } = await dispute(paid, { inquiry: true });
    await paid.pause();
    await moveDispute(paid, id, 'close');
  } },
  inquiry_becomes_dispute: { weight: 3, happen: async (paid) => {
    const { id } = await dispute(paid, { inquiry: true });
    await paid.pause();
    await moveDispute(paid, id, 'escalate');
  } },
};

const WEIGHTS = Object.fromEntries(Object.entries(MONEY_BACK).map(([name, { weight }]) => [name, weight]));

/** @param {import('./chance.mjs').Chance} chance @param {string} key @returns {Plan} */
export function plan(chance, key) {
  const payment = chance.among(PAYMENTS);
  return {
    key,
    product: chance.of(PRODUCTS),
    payment,
    moneyBack: IS_PAID.includes(payment) ? chance.among(WEIGHTS) : 'nothing',
    clicksTwice: chance.happens(0.15),
    comesBack: Number(chance.among({ 0: 5, 1: 4, 2: 2 })),
    chance,
  };
}

/** @param {Plan} plan @param {import('./customer.mjs').Customer} customer @param {Control} control @returns {Promise<Lived>} */
export async function live(plan, customer, control) {
  const { chance } = plan;
  const pause = () => sleep(chance.happens(0.4) ? 0 : chance.whole(10, 900));
  const clicks = await Promise.all(Array.from({ length: plan.clicksTwice ? 2 : 1 }, () => customer.order(plan.key, plan.product)));
  const answered = clicks.filter((click) => click !== null);
  const [ordered = null] = answered;
  if (answered.some((click) => click.session_id !== ordered?.session_id || click.purchase_id !== ordered?.purchase_id)) {
    throw new Error(`two clicks with the key ${plan.key} are two orders: ${JSON.stringify(answered)}`);
  }
  if (!ordered) return { plan, ordered, wasWhollyRefunded: false };
  const session = ordered.session_id;
  const press = (/** @type {string} */ move, body = {}) => control('POST', `/sessions/${session}/${move}`, body);
  const visits = Promise.all(Array.from({ length: plan.comesBack }, async () => {
    await sleep(chance.whole(0, 1_500));
    await customer.comeBack(session);
  }));

  await pause();
  switch (plan.payment) {
    case 'declined_then_pays':
      await press('decline');
      await pause();
      await press('pay');
      break;
    case 'pays':
      await press('pay');
      break;
    case 'later_succeeds':
    case 'later_fails':
      await press('pay_later');
      await pause();
      await press('settle', { succeeded: plan.payment === 'later_succeeds' });
      break;
    case 'expires':
      await press('expire');
      break;
    case 'drops':
      await customer.drop(ordered.purchase_id);
      break;
    default:
  }
  await pause();
  const moneyBack = MONEY_BACK[plan.moneyBack];
  if (plan.moneyBack !== 'nothing') {
    const { amount_total: amount } = await control('GET', `/sessions/${session}`);
    const part = chance.whole(1, amount - 2);
    await moneyBack.happen({ control, session, part, other: chance.whole(1, amount - part - 1), pause });
  }
  await visits;
  return { plan, ordered, wasWhollyRefunded: moneyBack.whole ?? false };
}
