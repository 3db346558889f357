/**
 * The control API under /_/: the actions of the Dashboard and of banks, the clock, and faults. JSON in, JSON out.
 *
 * @typedef {object} Parts
 * @property {import('./state.mjs').State} state
 * @property {import('./faults.mjs').Faults} faults
 * @property {import('./webhooks.mjs').Webhooks} webhooks
 * @property {import('./api.mjs').Api} api
 * @property {import('./clock.mjs').Clock} clock
 * @property {() => void} reset
 * @typedef {{ body: any, query: URLSearchParams, id: string, move: string }} Ask
 */
import { books } from './books.mjs';
import { StripeError, invalid } from './errors.mjs';
import { createRefund, moveDispute, moveRefund, openDispute } from './reversals.mjs';
import { readEndpoint } from './webhooks.mjs';

/**
 * The values of a body. Refuses unknown names and wrong types, which are mistakes of the caller.
 * @param {any} body
 * @param {Record<string, string>} types
 */
function read(body, types) {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('The body is a JSON object.');
  for (const [name, value] of Object.entries(body)) {
    if (!Object.hasOwn(types, name)) throw invalid(`Unknown: '${name}'. Known are: ${Object.keys(types).join(', ') || 'none'}.`, { param: name });
    const isRight = types[name] === 'integer' ? Number.isInteger(value) && value > 0 : typeof value === types[name];
    if (!isRight) throw invalid(`'${name}' is ${types[name] === 'integer' ? 'a whole number over 0' : `a ${types[name]}`}.`, { param: name });
  }
  return body;
}

/** The charge of a session, payment intent or charge. @param {Parts} parts @param {any} body */
function chargeOf({ state }, { session, payment_intent: intent, charge }) {
  if (charge) return state.find('charges', charge);
  const intentId = intent ?? (session && state.find('sessions', session).found.payment_intent);
  if (!intentId) throw invalid('Say which by `session`, `payment_intent` or `charge`; a session must have been paid.');
  const { world, found } = state.find('intents', intentId);
  return { world, found: world.charges.get(found.latest_charge) };
}

const PAYMENT = { session: 'string', payment_intent: 'string', charge: 'string' };

/**
 * The actions on a session.
 * @type {Record<string, (parts: Parts, world: any, session: any, body: any) => void>}
 */
const SESSION_MOVES = {
  pay: ({ state }, world, session) => state.pay(world, session),
  decline: ({ state }, world, session) => state.decline(world, session),
  pay_later: ({ state }, world, session) => state.payLater(world, session),
  expire: ({ state }, world, session) => state.expire(world, session),
  settle: ({ state }, world, session, body) => {
    const { succeeded = true } = read(body, { succeeded: 'boolean' });
    state.settleLater(world, session, succeeded);
  },
};

/** @param {Parts} parts @param {Ask} ask */
function moveSession(parts, { id, move, body }) {
  const { world, found: session } = parts.state.find('sessions', id);
  if (!Object.hasOwn(SESSION_MOVES, move)) throw invalid(`A session has no move '${move}'; there are ${Object.keys(SESSION_MOVES).join(', ')}.`);
  if (move !== 'settle') read(body, {});
  SESSION_MOVES[move](parts, world, session, body);
  return session;
}

/** @param {Parts} parts @param {Ask} ask */
function refund(parts, { body }) {
  const { status, ...wish } = read(body, { ...PAYMENT, amount: 'integer', status: 'string', reason: 'string', metadata: 'object', force: 'boolean' });
  if (status && !['succeeded', 'pending', 'requires_action'].includes(status)) throw invalid('A refund begins as succeeded, pending or requires_action.', { param: 'status' });
  const { world, found } = chargeOf(parts, wish);
  return createRefund(parts.state, world, found, { ...wish, status });
}

/** @param {Parts} parts @param {Ask} ask */
function dispute(parts, { body }) {
  const wish = read(body, { ...PAYMENT, amount: 'integer', reason: 'string', inquiry: 'boolean', withdraw: 'boolean' });
  const { world, found } = chargeOf(parts, wish);
  return openDispute(parts.state, world, found, wish);
}

/**
 * Sends any event, such as one of a type that the shop does not know.
 * @param {Parts} parts
 * @param {Ask} ask
 */
function sendEvent({ state }, { body }) {
  const { type, object, livemode = false } = read(body, { type: 'string', object: 'object', livemode: 'boolean' });
  if (!type || !object) throw invalid('An event needs `type` and `object`.');
  return state.emit(state.world(livemode), type, object);
}

/** @param {Parts} parts @param {Ask} ask */
function deliverAgain({ state, webhooks }, { id, body }) {
  const { times = 1 } = read(body, { times: 'integer' });
  const event = Object.values(state.worlds).flatMap(({ events }) => events).find((one) => one.id === id);
  if (!event) throw new StripeError(404, { message: `The double has no such event: '${id}'`, code: 'resource_missing' });
  for (let i = 0; i < times; i += 1) webhooks.enqueue(event);
  return { delivering: times };
}

/** @param {Parts} parts @param {Ask} ask */
function setClock({ state, clock }, { body }) {
  const { advance_seconds: seconds } = read(body, { advance_seconds: 'integer' });
  if (!seconds) throw invalid('Say by how much: `advance_seconds`.');
  clock.advance(seconds);
  state.sweep();
  return { now: clock.now(), offset: clock.offset() };
}

/** @param {Parts} parts @param {Ask} ask */
function setEndpoints({ webhooks }, { body }) {
  if (!Array.isArray(body?.endpoints)) throw invalid('Give `endpoints`, a list of {url, secret, enabled_events?, api_version?}.');
  webhooks.endpoints = body.endpoints.map(readEndpoint);
  return endpoints(webhooks);
}

/** The endpoints without their secrets. @param {import('./webhooks.mjs').Webhooks} webhooks */
const endpoints = (webhooks) => ({ endpoints: webhooks.endpoints.map(({ secrets, ...rest }) => ({ ...rest, secrets: secrets.length })) });

/** @param {any[]} items @param {URLSearchParams} query */
const matching = (items, query) => items.filter((item) => [...query].every(([name, value]) => String(item[name]) === value));

/** @type {[string, RegExp, (parts: Parts, ask: Ask) => any][]} */
const ROUTES = [
  ['GET', /^\/_\/$/, ({ clock, state, webhooks, faults }) => ({ now: clock.now(), api_version: state.apiVersion, ...endpoints(webhooks), under_way: webhooks.underWay, faults: faults.list() })],
  ['POST', /^\/_\/reset$/, ({ reset }) => { reset(); return { reset: true }; }],
  ['GET', /^\/_\/books$/, ({ state }) => books(Object.values(state.worlds))],
  ['POST', /^\/_\/clock$/, setClock],
  ['GET', /^\/_\/sessions\/(?<id>\w+)$/, ({ state }, { id }) => state.find('sessions', id).found],
  ['POST', /^\/_\/sessions\/(?<id>\w+)\/(?<move>\w+)$/, moveSession],
  ['POST', /^\/_\/refunds$/, refund],
  ['POST', /^\/_\/refunds\/(?<id>\w+)$/, ({ state }, { id, body }) => {
    const { status, failure_reason: reason } = read(body, { status: 'string', failure_reason: 'string' });
    const { world, found } = state.find('refunds', id);
    return moveRefund(state, world, found, status, reason);
  }],
  ['POST', /^\/_\/disputes$/, dispute],
  ['POST', /^\/_\/disputes\/(?<id>\w+)\/(?<move>\w+)$/, ({ state }, { id, move }) => {
    const { world, found } = state.find('disputes', id);
    return moveDispute(state, world, found, move);
  }],
  ['POST', /^\/_\/events$/, sendEvent],
  ['POST', /^\/_\/events\/(?<id>\w+)\/deliver$/, deliverAgain],
  ['GET', /^\/_\/deliveries$/, ({ webhooks }, { query }) => ({ deliveries: matching(webhooks.deliveries, query) })],
  ['GET', /^\/_\/calls$/, ({ api }, { query }) => ({ calls: matching(api.calls, query) })],
  ['GET', /^\/_\/idle$/, async ({ webhooks }, { query }) => ({ idle: await webhooks.idle(Number(query.get('timeout_ms') ?? 10_000)), under_way: webhooks.underWay })],
  ['PUT', /^\/_\/webhooks$/, setEndpoints],
  ['GET', /^\/_\/faults$/, ({ faults }) => ({ faults: faults.list() })],
  ['POST', /^\/_\/faults$/, ({ faults }, { body }) => (Array.isArray(body) ? { faults: body.map((one) => faults.add(one)) } : faults.add(body))],
  ['DELETE', /^\/_\/faults$/, ({ faults }) => { faults.remove(); return { faults: [] }; }],
  ['DELETE', /^\/_\/faults\/(?<id>\w+)$/, ({ faults }, { id }) => { faults.remove(id); return { faults: faults.list() }; }],
];

/** @param {Parts} parts @param {{ method: string, path: string, query: string, body: string }} request */
export async function control(parts, { method, path, query, body }) {
  for (const [verb, pattern, handle] of ROUTES) {
    const found = verb === method && pattern.exec(path);
    if (!found) continue;
    const { id = '', move = '' } = found.groups ?? {};
    let json;
    try {
      json = body ? JSON.parse(body) : {};
    } catch {
      throw invalid('The body is no JSON.');
    }
    return handle(parts, { body: json, query: new URLSearchParams(query), id, move });
  }
  throw new StripeError(404, { message: `The control API has no ${method} ${path}; see README.md.` });
}
