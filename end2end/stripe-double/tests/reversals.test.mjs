import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { start } from './support.mjs';

/** @type {Awaited<ReturnType<typeof start>>} */
let it;
before(async () => {
  it = await start();
});
after(() => it.close());
beforeEach(async () => {
  await it.control('POST', '/reset');
  it.shop.received = [];
});

/** The charge of a paid session, as Stripe shows it. @param {any} session */
const chargeOf = async (session) => {
  const { latest_charge: charge } = await it.stripe.paymentIntents.retrieve(session.payment_intent, { expand: ['latest_charge'] });
  return /** @type {any} */ (charge);
};
const net = async () => (await it.control('GET', '/books')).totals.eur;
const typesAfter = async (/** @type {() => Promise<any>} */ act) => {
  await it.control('GET', '/idle');
  const before = it.shop.received.length;
  await act();
  await it.control('GET', '/idle');
  return it.shop.types().slice(before);
};

test('partial refunds add up to a full one, and no cent more', async () => {
  const session = await it.paid();
  const types = await typesAfter(() => it.control('POST', '/refunds', { session: session.id, amount: 200 }));
  assert.deepEqual(types, ['charge.refunded', 'refund.created']);
  const [refunded] = it.shop.received.slice(-2);
  assert.deepEqual([refunded.event.data.object.amount_refunded, refunded.event.data.previous_attributes.amount_refunded], [200, 0]);
  const partly = await chargeOf(session);
  assert.deepEqual([partly.amount_refunded, partly.refunded], [200, false]);
  await it.stripe.refunds.create({ payment_intent: session.payment_intent, amount: 499, reason: 'requested_by_customer' });
  const fully = await chargeOf(session);
  assert.deepEqual([fully.amount_refunded, fully.refunded], [699, true]);
  await assert.rejects(it.stripe.refunds.create({ payment_intent: session.payment_intent }), { code: 'charge_already_refunded' });
  const listed = await it.stripe.refunds.list({ payment_intent: session.payment_intent });
  assert.deepEqual(listed.data.map(({ amount, status }) => [amount, status]), [[499, 'succeeded'], [200, 'succeeded']]);
  assert.deepEqual(await net(), { sessions: 1, paid: 1, received: 699, refunded: 699, disputed: 0, net: 0 });
});

test('nobody gets back more than was paid, or what was never paid', async () => {
  const session = await it.paid();
  await assert.rejects(it.stripe.refunds.create({ payment_intent: session.payment_intent, amount: 700 }), { param: 'amount' });
  const open = await it.order();
  await assert.rejects(it.control('POST', '/refunds', { session: open.id }), /must have been paid/);
  await it.control('POST', `/sessions/${open.id}/decline`);
  const { payment_intent: intent } = await it.stripe.checkout.sessions.retrieve(open.id);
  await assert.rejects(it.stripe.refunds.create({ payment_intent: String(intent) }), /does not have a successful charge/);
});

test('a pending refund that fails gives back', async () => {
  const session = await it.paid();
  const refund = await it.control('POST', '/refunds', { session: session.id, amount: 300, status: 'pending' });
  assert.deepEqual([refund.status, (await chargeOf(session)).amount_refunded, (await net()).refunded], ['pending', 300, 300]);
  const types = await typesAfter(() => it.control('POST', `/refunds/${refund.id}`, { status: 'failed', failure_reason: 'lost_or_stolen_card' }));
  assert.deepEqual(types, ['refund.updated', 'charge.refund.updated', 'refund.failed', 'charge.updated']);
  const failed = await it.stripe.refunds.retrieve(refund.id);
  assert.deepEqual([failed.status, failed.failure_reason], ['failed', 'lost_or_stolen_card']);
  assert.deepEqual([(await chargeOf(session)).amount_refunded, (await net()).net], [0, 699]);
  await assert.rejects(it.control('POST', `/refunds/${refund.id}`, { status: 'succeeded' }), /is failed, so it cannot become succeeded/);
});

test('a refund that succeeded can still fail, a full one too', async () => {
  const session = await it.paid();
  const refund = await it.control('POST', '/refunds', { session: session.id });
  assert.equal((await chargeOf(session)).refunded, true);
  await it.control('POST', `/refunds/${refund.id}`, { status: 'failed' });
  const charge = await chargeOf(session);
  assert.deepEqual([charge.refunded, charge.amount_refunded], [false, 0]);
});

test('the API cancels a refund that waits for the buyer, and no other', async () => {
  const session = await it.paid();
  const waiting = await it.control('POST', '/refunds', { session: session.id, amount: 300, status: 'requires_action' });
  assert.equal((await it.stripe.refunds.cancel(waiting.id)).status, 'canceled');
  assert.equal((await net()).refunded, 0);
  const done = await it.control('POST', '/refunds', { session: session.id, amount: 300 });
  await assert.rejects(it.stripe.refunds.cancel(done.id), /status of requires_action/);
});

test('a dispute takes the money at once, and winning it brings the money back', async () => {
  const session = await it.paid();
  let dispute;
  const opened = await typesAfter(async () => {
    dispute = await it.control('POST', '/disputes', { session: session.id, reason: 'product_not_received' });
  });
  assert.deepEqual(opened, ['charge.dispute.created', 'charge.updated', 'charge.dispute.funds_withdrawn']);
  const { data: [found] } = await it.stripe.disputes.list({ payment_intent: session.payment_intent });
  assert.deepEqual([found.id, found.status, found.amount, found.reason, found.is_charge_refundable], [dispute.id, 'needs_response', 699, 'product_not_received', false]);
  assert.deepEqual(found.balance_transactions.map(({ amount }) => amount), [-699]);
  assert.equal((await chargeOf(session)).disputed, true);
  assert.deepEqual((await net()).disputed, 699);
  await it.control('POST', `/disputes/${dispute.id}/respond`);
  assert.equal((await it.stripe.disputes.retrieve(dispute.id)).status, 'under_review');
  assert.deepEqual(await typesAfter(() => it.control('POST', `/disputes/${dispute.id}/win`)), ['charge.dispute.closed', 'charge.dispute.funds_reinstated']);
  const won = await it.stripe.disputes.retrieve(dispute.id);
  assert.deepEqual([won.status, won.balance_transactions.map(({ amount }) => amount)], ['won', [-699, 699]]);
  assert.deepEqual((await net()).net, 699);
  await assert.rejects(it.control('POST', `/disputes/${dispute.id}/lose`), /is won: it cannot be lost/);
});

test('a lost dispute keeps the money, for a part of it too', async () => {
  const session = await it.paid();
  const dispute = await it.control('POST', '/disputes', { payment_intent: session.payment_intent, amount: 300 });
  assert.deepEqual(await typesAfter(() => it.control('POST', `/disputes/${dispute.id}/lose`)), ['charge.dispute.closed']);
  assert.equal(it.shop.received.at(-1)?.event.data.object.status, 'lost');
  assert.deepEqual([(await net()).disputed, (await net()).net], [300, 399]);
});

test('an inquiry takes no money until it becomes a dispute', async () => {
  const session = await it.paid();
  const inquiry = await it.control('POST', '/disputes', { session: session.id, inquiry: true });
  assert.deepEqual([inquiry.status, inquiry.is_charge_refundable, (await net()).disputed], ['warning_needs_response', true, 0]);
  assert.deepEqual(await typesAfter(() => it.control('POST', `/disputes/${inquiry.id}/escalate`)), ['charge.dispute.updated', 'charge.dispute.funds_withdrawn']);
  assert.equal((await net()).disputed, 699);
  const other = await it.control('POST', '/disputes', { session: (await it.paid()).id, inquiry: true });
  assert.equal((await it.control('POST', `/disputes/${other.id}/close`)).status, 'warning_closed');
  assert.equal((await net()).disputed, 699);
});

test('money can be withdrawn and reinstated by hand, each once', async () => {
  const session = await it.paid();
  const dispute = await it.control('POST', '/disputes', { session: session.id, withdraw: false });
  assert.equal((await net()).disputed, 0);
  assert.deepEqual(await typesAfter(() => it.control('POST', `/disputes/${dispute.id}/withdraw`)), ['charge.dispute.funds_withdrawn']);
  await assert.rejects(it.control('POST', `/disputes/${dispute.id}/withdraw`), /already withdrawn/);
  assert.deepEqual(await typesAfter(() => it.control('POST', `/disputes/${dispute.id}/reinstate`)), ['charge.dispute.funds_reinstated']);
  await assert.rejects(it.control('POST', `/disputes/${dispute.id}/reinstate`), /No money of this dispute/);
  assert.equal((await net()).net, 699);
});

test('during a dispute a refund is refused, unless it is forced', async () => {
  const session = await it.paid();
  await it.control('POST', '/disputes', { session: session.id, amount: 300 });
  await assert.rejects(it.stripe.refunds.create({ payment_intent: session.payment_intent }), { code: 'charge_disputed' });
  await it.control('POST', '/refunds', { session: session.id, amount: 399, force: true });
  assert.deepEqual(await net(), { sessions: 1, paid: 1, received: 699, refunded: 399, disputed: 300, net: 0 });
});

test('the control API names what it does not know', async () => {
  const session = await it.paid();
  await assert.rejects(it.control('POST', '/refunds', { session: session.id, amont: 3 }), /Unknown: 'amont'/);
  await assert.rejects(it.control('POST', '/refunds', { session: session.id, amount: -3 }), /whole number over 0/);
  await assert.rejects(it.control('POST', '/refunds', { session: 'cs_test_none' }), /404/);
  await assert.rejects(it.control('POST', `/sessions/${session.id}/fly`), /no move 'fly'/);
  await assert.rejects(it.control('GET', '/nonsense'), /README/);
});
