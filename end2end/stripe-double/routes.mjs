/**
 * The calls of Stripe's API that the double supports. A handler reads its parameters, acts, and returns the object. The
 * common part of all calls (keys, idempotency, faults) is in api.mjs.
 *
 * @typedef {{ state: import('./state.mjs').State, world: import('./state.mjs').World, params: Record<string, unknown>,
 *   id: string }} Call
 * @typedef {{ object: any, expand?: string[] }} Answer
 * @typedef {{ method: string, path: RegExp, handle: (call: Call) => Answer }} Route
 */
import { books } from './books.mjs';
import { StripeError, invalid } from './errors.mjs';
import * as form from './forms.mjs';
import { paginate, within } from './lists.mjs';
import { cancelRefund, createRefund, paidCharge } from './reversals.mjs';

const EVENTS_KEPT_SECONDS = 30 * 24 * 3600;

const LOCALES = 'auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru sk sl sv th tr vi zh zh-HK zh-TW'.split(' ');

const lineItemRule = form.object({
  price_data: form.object({
    currency: form.currency,
    product_data: form.object({
      name: form.string(), description: form.string(), images: form.list(form.url, { max: 8 }), metadata: form.metadata, tax_code: form.string(),
    }, ['name']),
    tax_behavior: form.oneOf(['exclusive', 'inclusive', 'unspecified']),
    unit_amount: form.integer({ min: 0, max: 99_999_999 }),
  }, ['currency', 'product_data', 'unit_amount']),
  quantity: form.integer({ min: 1, max: 999_999 }),
}, ['price_data']);

const createSessionParams = form.params({
  adaptive_pricing: form.object({ enabled: form.boolean }),
  billing_address_collection: form.oneOf(['auto', 'required']),
  cancel_url: form.url,
  client_reference_id: form.string({ max: 200 }),
  customer_creation: form.oneOf(['always', 'if_required']),
  customer_email: form.email,
  expires_at: form.integer(),
  line_items: form.list(lineItemRule),
  locale: form.oneOf(LOCALES),
  metadata: form.metadata,
  mode: form.oneOf(['payment', 'setup', 'subscription']),
  payment_intent_data: form.object({
    description: form.string(), metadata: form.metadata, receipt_email: form.email, statement_descriptor_suffix: form.string({ max: 22 }),
  }),
  payment_method_types: form.list(form.oneOf(['card', 'sepa_debit'])),
  submit_type: form.oneOf(['auto', 'book', 'donate', 'pay', 'subscribe']),
  success_url: form.url,
  ui_mode: form.oneOf(['elements', 'embedded_page', 'form', 'hosted_page']),
}, ['line_items', 'mode', 'success_url']);

/** @param {Call} call @returns {Answer} */
function createSession({ state, world, params }) {
  const given = createSessionParams(params, '');
  if (given.mode !== 'payment') throw invalid(`The Stripe double knows mode payment only, not ${given.mode}.`, { param: 'mode' });
  if (given.ui_mode && given.ui_mode !== 'hosted_page') throw invalid(`The Stripe double has a hosted page only, no ${given.ui_mode}.`, { param: 'ui_mode' });
  if (given.line_items.length === 0) throw invalid('Checkout in payment mode requires at least one line item.', { param: 'line_items' });
  const lifetime = given.expires_at === undefined ? undefined : given.expires_at - state.clock.now();
  if (lifetime !== undefined && lifetime < 30 * 60) {
    throw invalid('The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.', { param: 'expires_at' });
  }
  if (lifetime !== undefined && lifetime > 24 * 3600) {
    throw invalid('The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.', { param: 'expires_at' });
  }
  return { object: state.createSession(world, given), expand: given.expand };
}

const NAMES = { sessions: ['checkout.session', 'session'], intents: ['payment_intent', 'intent'], charges: ['charge', 'id'], refunds: ['refund', 'id'], disputes: ['dispute', 'id'] };

/** The object with this id in the caller's world. @param {Call} call @param {import('./state.mjs').Kind} kind */
function lookup({ state, world, id }, kind) {
  const found = world[kind].get(id);
  if (found) return found;
  const [name, param] = NAMES[kind];
  const [other, own] = world.livemode ? ['test', 'live'] : ['live', 'test'];
  const hint = state.world(!world.livemode)[kind].has(id)
    ? `; a similar object exists in ${other} mode, but a ${own} mode key was used to make this request.` : '';
  throw new StripeError(404, { message: `No such ${name}: '${id}'${hint}`, code: 'resource_missing', param });
}

const onlyExpand = form.params({});

/** @param {import('./state.mjs').Kind} kind @returns {(call: Call) => Answer} */
const retrieve = (kind) => (call) => ({ expand: onlyExpand(call.params, '').expand, object: lookup(call, kind) });

/**
 * @param {import('./state.mjs').Kind} kind
 * @param {string} url
 * @param {Record<string, form.Rule>} filters
 * @returns {(call: Call) => Answer}
 */
function listing(kind, url, filters) {
  const rules = form.listParams({ created: form.range, ...filters });
  return ({ world, params }) => {
    const { expand, created, limit, starting_after, ending_before, ...same } = rules(params, '');
    const items = [...world[kind].values()].reverse().filter(within(created))
      .filter((item) => Object.entries(same).every(([name, value]) => item[name] === value));
    return { object: paginate(items, { limit, starting_after, ending_before }, url), expand };
  };
}

const createRefundParams = form.params({
  amount: form.integer({ min: 1 }), charge: form.string(), metadata: form.metadata, payment_intent: form.string(),
  reason: form.oneOf(['duplicate', 'fraudulent', 'requested_by_customer']),
});

/** @param {Call} call @returns {Answer} */
function refund(call) {
  const { expand, charge, payment_intent: intent, ...wish } = createRefundParams(call.params, '');
  if (!charge && !intent) throw invalid('One of the following params should be provided for this request: payment_intent or charge.', { code: 'parameter_missing' });
  if (intent) lookup({ ...call, id: intent }, 'intents');
  const paid = intent ? paidCharge(call.world, intent) : lookup({ ...call, id: charge }, 'charges');
  return { object: createRefund(call.state, call.world, paid, wish), expand };
}

const eventParams = form.listParams({
  created: form.range, delivery_success: form.boolean, type: form.string(), types: form.list(form.string(), { max: 20 }),
});

/** An event's type against a filter, which may end in `.*`. @param {string} type @param {string} filter */
const isOfType = (type, filter) => (filter.endsWith('*') ? type.startsWith(filter.slice(0, -1)) : type === filter);

/** @param {Call} call @returns {Answer} */
function listEvents({ state, world, params }) {
  const { expand, created, type, types, delivery_success: delivered, ...page } = eventParams(params, '');
  if (type && types) throw invalid('You may not specify both `type` and `types`.');
  const wanted = types ?? (type && [type]);
  const oldest = state.clock.now() - EVENTS_KEPT_SECONDS;
  const events = world.events.filter((event) => event.created >= oldest)
    .filter(within(created))
    .filter((event) => !wanted || wanted.some((/** @type {string} */ filter) => isOfType(event.type, filter)))
    .filter((event) => delivered === undefined || delivered === (event.pending_webhooks === 0));
  return { object: paginate(events.reverse(), page, '/v1/events'), expand };
}

/** @param {Call} call @returns {Answer} */
function retrieveEvent({ state, world, params, id }) {
  const { expand } = onlyExpand(params, '');
  const event = world.events.find((one) => one.id === id && one.created >= state.clock.now() - EVENTS_KEPT_SECONDS);
  if (!event) throw new StripeError(404, { message: `No such event: '${id}'`, code: 'resource_missing', param: 'id' });
  return { object: event, expand };
}

/** @param {Call} call @returns {Answer} */
function balance({ world }) {
  const { totals } = books([world]);
  const amounts = Object.entries(totals).map(([currency, { net }]) => ({ amount: net, currency, source_types: { card: net } }));
  return { object: { object: 'balance', available: amounts, livemode: world.livemode, pending: amounts.map((one) => ({ ...one, amount: 0, source_types: { card: 0 } })) } };
}

const account = () => ({
  object: { id: 'acct_1Double', object: 'account', charges_enabled: true, country: 'DE', default_currency: 'eur', details_submitted: true, metadata: {}, payouts_enabled: true, type: 'standard' },
});

/** @type {(path: string) => RegExp} */
const at = (path) => new RegExp(`^${path.replace(':id', '([^/]+)')}$`);
const byPayment = { payment_intent: form.string(), charge: form.string() };

/** @type {Route[]} */
export const ROUTES = [
  { method: 'POST', path: at('/v1/checkout/sessions'), handle: createSession },
  { method: 'GET', path: at('/v1/checkout/sessions'), handle: listing('sessions', '/v1/checkout/sessions', { payment_intent: form.string(), status: form.oneOf(['complete', 'expired', 'open']) }) },
  { method: 'GET', path: at('/v1/checkout/sessions/:id'), handle: retrieve('sessions') },
  { method: 'GET', path: at('/v1/checkout/sessions/:id/line_items'), handle: (call) => {
    const { expand, ...page } = form.listParams({})(call.params, '');
    const { lineItems } = /** @type {any} */ (call.world.behind.get(lookup(call, 'sessions').id));
    return { object: paginate(lineItems, page, `/v1/checkout/sessions/${call.id}/line_items`), expand };
  } },
  { method: 'POST', path: at('/v1/checkout/sessions/:id/expire'), handle: (call) => {
    const answer = retrieve('sessions')(call);
    call.state.expire(call.world, answer.object);
    return answer;
  } },
  { method: 'GET', path: at('/v1/payment_intents'), handle: listing('intents', '/v1/payment_intents', {}) },
  { method: 'GET', path: at('/v1/payment_intents/:id'), handle: retrieve('intents') },
  { method: 'GET', path: at('/v1/charges'), handle: listing('charges', '/v1/charges', { payment_intent: form.string() }) },
  { method: 'GET', path: at('/v1/charges/:id'), handle: retrieve('charges') },
  { method: 'POST', path: at('/v1/refunds'), handle: refund },
  { method: 'GET', path: at('/v1/refunds'), handle: listing('refunds', '/v1/refunds', byPayment) },
  { method: 'GET', path: at('/v1/refunds/:id'), handle: retrieve('refunds') },
  { method: 'POST', path: at('/v1/refunds/:id/cancel'), handle: (call) => {
    const answer = retrieve('refunds')(call);
    cancelRefund(call.state, call.world, answer.object);
    return answer;
  } },
  { method: 'GET', path: at('/v1/disputes'), handle: listing('disputes', '/v1/disputes', byPayment) },
  { method: 'GET', path: at('/v1/disputes/:id'), handle: retrieve('disputes') },
  { method: 'GET', path: at('/v1/events'), handle: listEvents },
  { method: 'GET', path: at('/v1/events/:id'), handle: retrieveEvent },
  { method: 'GET', path: at('/v1/balance'), handle: balance },
  { method: 'GET', path: at('/v1/account'), handle: account },
];
