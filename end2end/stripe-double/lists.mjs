/** Stripe's lists (newest first, cursors by id) and its `expand`. */
import { StripeError, invalid } from './errors.mjs';

/**
 * @param {any[]} items newest first
 * @param {{ limit?: number, starting_after?: string, ending_before?: string }} page
 * @param {string} url
 */
export function paginate(items, { limit = 10, starting_after: after, ending_before: before }, url) {
  if (after && before) throw invalid('You can only specify one of these parameters: starting_after, ending_before.');
  const at = (/** @type {string} */ id, /** @type {string} */ param) => {
    const index = items.findIndex((item) => item.id === id);
    if (index < 0) throw invalid(`No such object: '${id}'`, { code: 'resource_missing', param });
    return index;
  };
  if (before) {
    const end = at(before, 'ending_before');
    const start = Math.max(0, end - limit);
    return { object: 'list', data: items.slice(start, end), has_more: start > 0, url };
  }
  const start = after ? at(after, 'starting_after') + 1 : 0;
  return { object: 'list', data: items.slice(start, start + limit), has_more: items.length > start + limit, url };
}

/** @param {{ gt?: number, gte?: number, lt?: number, lte?: number } | undefined} range */
export const within = (range) => (/** @type {{ created: number }} */ { created }) =>
  !range
  || ((range.gt === undefined || created > range.gt) && (range.gte === undefined || created >= range.gte)
    && (range.lt === undefined || created < range.lt) && (range.lte === undefined || created <= range.lte));

/**
 * The expandable fields of each object.
 * @type {Record<string, Record<string, (world: import('./state.mjs').World, object: any) => any>>}
 */
const EXPANDABLE = {
  'checkout.session': {
    payment_intent: (world, it) => world.intents.get(it.payment_intent),
    line_items: (world, it) => paginate(world.behind.get(it.id)?.lineItems ?? [], {}, `/v1/checkout/sessions/${it.id}/line_items`),
  },
  payment_intent: { latest_charge: (world, it) => world.charges.get(it.latest_charge) },
  charge: {
    payment_intent: (world, it) => world.intents.get(it.payment_intent),
    refunds: (world, it) => paginate([...world.refunds.values()].filter((one) => one.charge === it.id).reverse(), {}, `/v1/charges/${it.id}/refunds`),
  },
  refund: { charge: (world, it) => world.charges.get(it.charge), payment_intent: (world, it) => world.intents.get(it.payment_intent) },
  dispute: { charge: (world, it) => world.charges.get(it.charge), payment_intent: (world, it) => world.intents.get(it.payment_intent) },
};

/**
 * A copy of the answer with each path expanded.
 * @param {import('./state.mjs').World} world
 * @param {any} answer
 * @param {string[]} [paths]
 */
export function expand(world, answer, paths = []) {
  const copy = structuredClone(answer);
  for (const path of paths) expandOne(world, copy, path.split('.'), path);
  return copy;
}

/** @param {import('./state.mjs').World} world @param {any} object @param {string[]} steps @param {string} path */
function expandOne(world, object, [step, ...rest], path) {
  if (object.object === 'list') {
    if (step !== 'data') throw unexpandable(path);
    for (const item of object.data) if (rest.length > 0) expandOne(world, item, rest, path);
    return;
  }
  const find = EXPANDABLE[object.object]?.[step];
  if (!find) throw unexpandable(path);
  if (typeof object[step] !== 'object' || object[step] === null) {
    const found = find(world, object);
    if (found === undefined) return;
    object[step] = structuredClone(found);
  }
  if (rest.length > 0) expandOne(world, object[step], rest, path);
}

/** @param {string} path */
const unexpandable = (path) => new StripeError(400, {
  message: `This property cannot be expanded (${path}). You may want to try expanding 'data.${path}' if you are listing objects.`, param: 'expand',
});
