/**
 * The double's state, and the transitions of payments. Objects are stored in the format of the API. As at Stripe, there
 * are two worlds, test and live, and a key sees only its own.
 *
 * @typedef {import('./clock.mjs').Clock} Clock
 * @typedef {object} World
 * @property {boolean} livemode
 * @property {Map<string, any>} sessions
 * @property {Map<string, { lineItems: any[], intentData: any }>} behind what a session was made from
 * @property {Map<string, any>} intents
 * @property {Map<string, any>} charges
 * @property {Map<string, any>} refunds
 * @property {Map<string, any>} disputes
 * @property {any[]} events oldest first
 */
import { StripeError, invalid } from './errors.mjs';
import { charge, checkoutSession, customerDetails, lineItem, newId, paymentIntent } from './objects.mjs';

/** @typedef {'sessions' | 'intents' | 'charges' | 'refunds' | 'disputes'} Kind */

/** @param {boolean} livemode @returns {World} */
function emptyWorld(livemode) {
  return {
    livemode, sessions: new Map(), behind: new Map(), intents: new Map(), charges: new Map(), refunds: new Map(), disputes: new Map(), events: [],
  };
}

/** @param {string} what */
const notOpen = (what) => new StripeError(400, { message: `${what}: only an open Checkout Session can be used so.` });

export class State {
  /** @param {{ clock: Clock, apiVersion: string, onEvent: (event: any) => void }} options */
  constructor({ clock, apiVersion, onEvent }) {
    this.clock = clock;
    this.apiVersion = apiVersion;
    this.onEvent = onEvent;
    /** The hosted page's URL; known once the server listens. */
    this.publicUrl = '';
    /**
     * The current API call, which events name as their cause.
     * @type {{ id: string | null, idempotency_key: string | null }}
     */
    this.cause = { id: null, idempotency_key: null };
    this.worlds = { test: emptyWorld(false), live: emptyWorld(true) };
  }

  reset() {
    this.worlds = { test: emptyWorld(false), live: emptyWorld(true) };
  }

  /** @param {boolean} livemode @returns {World} */
  world(livemode) {
    return livemode ? this.worlds.live : this.worlds.test;
  }

  /** The object with this id, and its world. @param {Kind} kind @param {string} id */
  find(kind, id) {
    for (const world of Object.values(this.worlds)) {
      const found = world[kind].get(id);
      if (found) return { world, found };
    }
    throw new StripeError(404, { message: `The double has no such object: '${id}'`, code: 'resource_missing' });
  }

  /** @param {World} world @param {string} type @param {any} object @param {object} [previous] */
  emit(world, type, object, previous) {
    const event = {
      id: newId('evt_'),
      object: 'event',
      api_version: this.apiVersion,
      created: this.clock.now(),
      data: { object: structuredClone(object), ...(previous && { previous_attributes: previous }) },
      livemode: object.livemode ?? world.livemode,
      pending_webhooks: 0,
      request: { ...this.cause },
      type,
    };
    world.events.push(event);
    this.onEvent(event);
    return event;
  }

  /** @param {World} world @param {any} given checked parameters */
  createSession(world, given) {
    const now = this.clock.now();
    const facts = { livemode: world.livemode, now };
    const lineItems = given.line_items.map((/** @type {any} */ item) => lineItem(item, facts));
    const currency = lineItems[0].currency;
    if (lineItems.some((/** @type {any} */ item) => item.currency !== currency)) {
      throw invalid('All prices on a Checkout Session must expect to be paid in the same currency.', { param: 'line_items' });
    }
    const amount = lineItems.reduce((/** @type {number} */ sum, /** @type {any} */ item) => sum + item.amount_total, 0);
    if (amount > 0 && amount < 50) {
      throw invalid(`The Checkout Session's total amount due must add up to at least 50 in the smallest unit of ${currency}.`, { code: 'amount_too_small' });
    }
    const id = newId(world.livemode ? 'cs_live_a1' : 'cs_test_a1', 58);
    // Stripe's own URL has a fragment without which its page does not open, so that an app that drops it fails here
    // too.
    const url = `${this.publicUrl}/c/pay/${id}#fidDouble`;
    const session = checkoutSession(given, { ...facts, id, url, currency, amount });
    world.sessions.set(id, session);
    world.behind.set(id, { lineItems, intentData: given.payment_intent_data ?? {} });
    return session;
  }

  /**
   * The buyer's attempt to pay: the session's payment intent, and a new charge.
   * @param {World} world
   * @param {any} session
   * @param {'card' | 'sepa_debit'} method
   */
  attempt(world, session, method) {
    if (session.status !== 'open') throw notOpen(`This session is ${session.status}`);
    const now = this.clock.now();
    let intent = world.intents.get(session.payment_intent);
    if (!intent) {
      intent = paymentIntent(session, world.behind.get(session.id)?.intentData ?? {}, now);
      world.intents.set(intent.id, intent);
      session.payment_intent = intent.id;
      this.emit(world, 'payment_intent.created', intent);
    }
    intent.payment_method = newId('pm_1');
    const email = session.customer_email ?? 'buyer@example.com';
    const made = charge(intent, method, email, now);
    world.charges.set(made.id, made);
    intent.latest_charge = made.id;
    session.customer_details = customerDetails(email);
    return { intent, charge: made };
  }

  /** @param {World} world @param {any} session */
  finish(world, session, paymentStatus) {
    Object.assign(session, { status: 'complete', payment_status: paymentStatus, url: null });
    this.emit(world, 'checkout.session.completed', session);
  }

  /** @param {World} world @param {any} session */
  pay(world, session) {
    if (session.amount_total === 0) {
      if (session.status !== 'open') throw notOpen(`This session is ${session.status}`);
      this.finish(world, session, 'no_payment_required');
      return;
    }
    const made = this.attempt(world, session, 'card');
    this.receive(world, made);
    this.finish(world, session, 'paid');
  }

  /**
   * Declines the card: the session stays open, and the buyer may try again.
   * @param {World} world
   * @param {any} session
   */
  decline(world, session) {
    const made = this.attempt(world, session, 'card');
    this.refuse(world, made, { code: 'card_declined', decline_code: 'generic_decline', message: 'Your card was declined.' });
  }

  /**
   * Pays with a method that takes days: the session is complete, and the payment pending.
   * @param {World} world
   * @param {any} session
   */
  payLater(world, session) {
    const { intent, charge: made } = this.attempt(world, session, 'sepa_debit');
    intent.status = 'processing';
    Object.assign(made, { captured: true, amount_captured: made.amount });
    this.emit(world, 'charge.pending', made);
    this.emit(world, 'payment_intent.processing', intent);
    this.finish(world, session, 'unpaid');
  }

  /**
   * The payment of `payLater` arrives, or fails.
   * @param {World} world
   * @param {any} session
   * @param {boolean} succeeded
   */
  settleLater(world, session, succeeded) {
    const intent = world.intents.get(session.payment_intent);
    if (session.status !== 'complete' || session.payment_status !== 'unpaid' || intent?.status !== 'processing') {
      throw new StripeError(400, { message: 'This session does not wait for a payment.' });
    }
    const made = { intent, charge: world.charges.get(intent.latest_charge) };
    if (succeeded) {
      this.receive(world, made);
      session.payment_status = 'paid';
      this.emit(world, 'checkout.session.async_payment_succeeded', session);
    } else {
      this.refuse(world, made, { code: 'payment_intent_payment_attempt_failed', decline_code: undefined, message: 'The payment failed.' });
      this.emit(world, 'checkout.session.async_payment_failed', session);
    }
  }

  /** @param {World} world @param {{ intent: any, charge: any }} attempt */
  receive(world, { intent, charge: made }) {
    Object.assign(made, {
      status: 'succeeded', paid: true, captured: true, amount_captured: made.amount, balance_transaction: newId('txn_3'),
      receipt_url: `${this.publicUrl}/receipts/${made.id}`,
    });
    Object.assign(intent, { status: 'succeeded', amount_received: intent.amount, last_payment_error: null });
    this.emit(world, 'charge.succeeded', made);
    this.emit(world, 'payment_intent.succeeded', intent);
  }

  /**
   * @param {World} world
   * @param {{ intent: any, charge: any }} attempt
   * @param {{ code: string, decline_code?: string, message: string }} why
   */
  refuse(world, { intent, charge: made }, why) {
    Object.assign(made, { status: 'failed', paid: false, captured: false, amount_captured: 0, failure_code: why.code, failure_message: why.message });
    Object.assign(made.outcome, { network_status: 'declined_by_network', reason: why.decline_code ?? null, seller_message: 'The bank refused.', type: 'issuer_declined' });
    Object.assign(intent, {
      status: 'requires_payment_method', payment_method: null,
      last_payment_error: { charge: made.id, ...why, doc_url: `https://stripe.com/docs/error-codes/${why.code.replaceAll('_', '-')}`, type: 'card_error' },
    });
    this.emit(world, 'charge.failed', made);
    this.emit(world, 'payment_intent.payment_failed', intent);
  }

  /** @param {World} world @param {any} session */
  expire(world, session) {
    if (session.status !== 'open') {
      throw invalid(`Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`);
    }
    const intent = world.intents.get(session.payment_intent);
    if (intent) {
      Object.assign(intent, { status: 'canceled', canceled_at: this.clock.now(), cancellation_reason: 'automatic' });
      this.emit(world, 'payment_intent.canceled', intent);
    }
    Object.assign(session, { status: 'expired', url: null });
    this.emit(world, 'checkout.session.expired', session);
  }

  /** Expires the open sessions whose time is over. */
  sweep() {
    const now = this.clock.now();
    for (const world of Object.values(this.worlds)) {
      for (const session of world.sessions.values()) {
        if (session.status === 'open' && session.expires_at <= now) this.expire(world, session);
      }
    }
  }
}
