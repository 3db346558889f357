/**
 * The double's books: the amounts received, refunded and disputed for each session, to compare with the shop's ledger.
 *
 * @typedef {import('./state.mjs').World} World
 */
import { withdrawn } from './reversals.mjs';

const STANDS = ['pending', 'requires_action', 'succeeded'];

/** @param {any[]} items @param {(item: any) => number} amount */
const sum = (items, amount) => items.reduce((total, item) => total + amount(item), 0);

/** @param {World[]} worlds */
export function books(worlds) {
  const sessions = worlds.flatMap((world) => {
    const refunds = byIntent(world.refunds.values());
    const disputes = byIntent(world.disputes.values());
    return [...world.sessions.values()].map((session) => line(world, session, refunds, disputes));
  });
  const totals = /** @type {Record<string, any>} */ ({});
  for (const one of sessions) {
    const total = (totals[one.currency] ??= { sessions: 0, paid: 0, received: 0, refunded: 0, disputed: 0, net: 0 });
    total.sessions += 1;
    total.paid += one.received > 0 ? 1 : 0;
    for (const name of ['received', 'refunded', 'disputed', 'net']) total[name] += one[name];
  }
  return { totals, sessions };
}

/** @param {Iterable<any>} items @returns {Map<string, any[]>} */
function byIntent(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.payment_intent, [...(groups.get(item.payment_intent) ?? []), item]);
  return groups;
}

/**
 * @param {World} world
 * @param {any} session
 * @param {Map<string, any[]>} refunds
 * @param {Map<string, any[]>} disputes
 */
function line(world, session, refunds, disputes) {
  const intent = world.intents.get(session.payment_intent);
  const received = intent?.amount_received ?? 0;
  const refunded = sum((refunds.get(intent?.id) ?? []).filter((one) => STANDS.includes(one.status)), (one) => one.amount);
  const disputed = sum(disputes.get(intent?.id) ?? [], withdrawn);
  return {
    session: session.id,
    client_reference_id: session.client_reference_id,
    metadata: session.metadata,
    livemode: session.livemode,
    status: session.status,
    payment_status: session.payment_status,
    payment_intent: session.payment_intent,
    currency: session.currency,
    amount_total: session.amount_total,
    received,
    refunded,
    disputed,
    net: received - refunded - disputed,
  };
}
