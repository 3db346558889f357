/**
 * The state transitions of refunds and disputes, and their effects on the charge.
 *
 * @typedef {import('./state.mjs').State} State
 * @typedef {import('./state.mjs').World} World
 */
import { StripeError, invalid } from './errors.mjs';
import { dispute, disputeBooking, refund } from './reversal-objects.mjs';
import { newId } from './objects.mjs';

const DISPUTE_FEE = 2000;

/** The charge that this payment intent was paid with. @param {World} world @param {string} intentId */
export function paidCharge(world, intentId) {
  const intent = world.intents.get(intentId);
  const charge = world.charges.get(intent?.latest_charge);
  if (charge?.status !== 'succeeded') {
    throw invalid('This PaymentIntent does not have a successful charge to refund.', { param: 'payment_intent' });
  }
  return charge;
}

/** @param {World} world @param {any} charge */
export const disputesOf = (world, charge) => [...world.disputes.values()].filter((one) => one.charge === charge.id);

/**
 * Sends the event for a charge whose refunded amount has changed.
 * @param {State} state
 * @param {World} world
 * @param {any} charge
 * @param {number} by
 * @param {string} type
 */
function moveRefunded(state, world, charge, by, type) {
  const previous = { amount_refunded: charge.amount_refunded, refunded: charge.refunded };
  charge.amount_refunded += by;
  charge.refunded = charge.amount_refunded === charge.amount;
  state.emit(world, type, charge, previous);
}

/**
 * @param {State} state @param {World} world @param {any} charge
 * @param {{ amount?: number, status?: string, reason?: string, metadata?: object, force?: boolean }} wish `force`
 *   refunds in spite of a dispute
 */
export function createRefund(state, world, charge, { amount, status = 'succeeded', reason, metadata, force = false }) {
  if (charge.status !== 'succeeded') throw invalid(`Charge ${charge.id} is not paid, so it cannot be refunded.`);
  if (!force && disputesOf(world, charge).some((one) => !one.is_charge_refundable)) {
    throw invalid(`Charge ${charge.id} has been charged back; cannot issue a refund.`, { code: 'charge_disputed' });
  }
  const left = charge.amount - charge.amount_refunded;
  if (left === 0) throw invalid(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  const sum = amount ?? left;
  if (sum > left) {
    throw invalid(`Refund amount (${sum}) is greater than unrefunded amount on charge (${left})`, { param: 'amount' });
  }
  const made = refund(charge, { amount: sum, status, reason, metadata, now: state.clock.now() });
  world.refunds.set(made.id, made);
  moveRefunded(state, world, charge, sum, 'charge.refunded');
  state.emit(world, 'refund.created', made);
  return made;
}

/**
 * The statuses that may follow each status of a refund. A card refund can fail after it has succeeded.
 * @type {Record<string, string[]>}
 */
const REFUND_MOVES = {
  pending: ['succeeded', 'failed', 'canceled'],
  requires_action: ['pending', 'succeeded', 'failed', 'canceled'],
  succeeded: ['failed'],
};

/** @param {State} state @param {World} world @param {any} one @param {string} status @param {string} [failureReason] */
export function moveRefund(state, world, one, status, failureReason = 'expired_or_canceled_card') {
  if (!REFUND_MOVES[one.status]?.includes(status)) {
    throw invalid(`This refund is ${one.status}, so it cannot become ${status}.`);
  }
  const previous = { status: one.status };
  one.status = status;
  if (status !== 'pending') delete one.pending_reason;
  if (status === 'failed') Object.assign(one, { failure_reason: failureReason, failure_balance_transaction: newId('txn_3') });
  state.emit(world, 'refund.updated', one, previous);
  state.emit(world, 'charge.refund.updated', one, previous);
  if (status === 'failed') state.emit(world, 'refund.failed', one, previous);
  if (status === 'failed' || status === 'canceled') {
    moveRefunded(state, world, world.charges.get(one.charge), -one.amount, 'charge.updated');
  }
  return one;
}

/** Cancels a refund through the API. @param {State} state @param {World} world @param {any} one */
export function cancelRefund(state, world, one) {
  if (one.status !== 'requires_action') {
    throw invalid(`You can only cancel a refund with a status of requires_action; this one is ${one.status}.`);
  }
  return moveRefund(state, world, one, 'canceled');
}

/** The amount that is withdrawn for a dispute now, without the fee. @param {any} one */
export const withdrawn = (one) => one.balance_transactions.reduce((/** @type {number} */ sum, /** @type {any} */ booking) => sum - booking.amount, 0);

/**
 * @param {State} state @param {World} world @param {any} charge
 * @param {{ amount?: number, reason?: string, inquiry?: boolean, withdraw?: boolean }} wish
 */
export function openDispute(state, world, charge, { amount, reason = 'fraudulent', inquiry = false, withdraw = !inquiry }) {
  if (charge.status !== 'succeeded') throw invalid(`Charge ${charge.id} is not paid, so it cannot be disputed.`);
  const sum = amount ?? charge.amount;
  if (sum > charge.amount) throw invalid(`A dispute about ${sum} is more than the charge's ${charge.amount}.`, { param: 'amount' });
  const made = dispute(charge, { amount: sum, reason, inquiry, now: state.clock.now() });
  world.disputes.set(made.id, made);
  if (withdraw) book(state, made, -sum, DISPUTE_FEE);
  state.emit(world, 'charge.dispute.created', made);
  if (!charge.disputed) {
    charge.disputed = true;
    state.emit(world, 'charge.updated', charge, { disputed: false });
  }
  if (withdraw) state.emit(world, 'charge.dispute.funds_withdrawn', made);
  return made;
}

/** @param {State} state @param {any} one @param {number} amount @param {number} fee */
function book(state, one, amount, fee) {
  one.balance_transactions.push(disputeBooking(one, { amount, fee, now: state.clock.now() }));
}

/** @param {any} one @param {string} to @param {string[]} from */
function mustBe(one, to, from) {
  if (!from.includes(one.status)) throw new StripeError(400, { message: `This dispute is ${one.status}: it cannot be ${to}.` });
}

const INQUIRY = ['warning_needs_response', 'warning_under_review'];
const OPEN = ['needs_response', 'under_review'];

/** @param {State} state @param {World} world @param {any} one @param {string} status */
function close(state, world, one, status) {
  const previous = { status: one.status };
  one.status = status;
  state.emit(world, 'charge.dispute.closed', one, previous);
}

/**
 * The transitions of a dispute, by their names in the control API.
 * @type {Record<string, (state: State, world: World, one: any) => void>}
 */
const DISPUTE_MOVES = {
  /** The seller submits evidence to the bank. */
  respond(state, world, one) {
    mustBe(one, 'answered', ['needs_response', 'warning_needs_response']);
    const previous = { status: one.status };
    one.status = one.status === 'needs_response' ? 'under_review' : 'warning_under_review';
    Object.assign(one.evidence_details, { has_evidence: true, submission_count: 1 });
    state.emit(world, 'charge.dispute.updated', one, previous);
  },
  /** An inquiry becomes a dispute, which takes the money. */
  escalate(state, world, one) {
    mustBe(one, 'escalated', INQUIRY);
    const previous = { status: one.status };
    Object.assign(one, { status: 'needs_response', is_charge_refundable: false });
    one.payment_method_details.card.case_type = 'chargeback';
    state.emit(world, 'charge.dispute.updated', one, previous);
    DISPUTE_MOVES.withdraw(state, world, one);
  },
  withdraw(state, world, one) {
    if (withdrawn(one) > 0) throw invalid('The money of this dispute is already withdrawn.');
    book(state, one, -one.amount, DISPUTE_FEE);
    state.emit(world, 'charge.dispute.funds_withdrawn', one);
  },
  reinstate(state, world, one) {
    if (withdrawn(one) === 0) throw invalid('No money of this dispute is withdrawn.');
    book(state, one, withdrawn(one), 0);
    state.emit(world, 'charge.dispute.funds_reinstated', one);
  },
  win(state, world, one) {
    mustBe(one, 'won', OPEN);
    one.is_charge_refundable = true;
    close(state, world, one, 'won');
    if (withdrawn(one) > 0) DISPUTE_MOVES.reinstate(state, world, one);
  },
  lose(state, world, one) {
    mustBe(one, 'lost', OPEN);
    close(state, world, one, 'lost');
  },
  /** Closes an inquiry. */
  close(state, world, one) {
    mustBe(one, 'closed as an inquiry', INQUIRY);
    close(state, world, one, 'warning_closed');
  },
};

/** @param {State} state @param {World} world @param {any} one @param {string} move */
export function moveDispute(state, world, one, move) {
  if (!Object.hasOwn(DISPUTE_MOVES, move)) {
    throw invalid(`A dispute has no move '${move}'; there are ${Object.keys(DISPUTE_MOVES).join(', ')}.`);
  }
  DISPUTE_MOVES[move](state, world, one);
  return one;
}
