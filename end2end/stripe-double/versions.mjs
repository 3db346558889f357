/**
 * Events in the format of other API versions. Contains only the differences that can break a shop, from Stripe's
 * changelog and from events recorded over the years.
 */

/** @param {string} url @param {any[]} data */
const listOf = (url, data) => ({ object: 'list', data, has_more: false, total_count: data.length, url });

/**
 * Each step changes an object of one kind for all versions before a date.
 * @type {{ before: string, object: string, change: (it: any, world: import('./state.mjs').World) => void }[]}
 */
const OLDER = [
  // Since 2022-11-15, charges do not contain their refunds, and payment intents have `latest_charge` instead of a list.
  { before: '2022-11-15', object: 'charge', change: (it, world) => {
    const refunds = [...world.refunds.values()].filter((one) => one.charge === it.id).reverse();
    it.refunds = listOf(`/v1/charges/${it.id}/refunds`, refunds.map((one) => ({ ...one })));
  } },
  { before: '2022-11-15', object: 'payment_intent', change: (it, world) => {
    const charge = world.charges.get(it.latest_charge);
    it.charges = listOf(`/v1/charges?payment_intent=${it.id}`, charge ? [{ ...charge }] : []);
    delete it.latest_charge;
  } },
  { before: '2022-01-01', object: 'checkout.session', change: (it) => {
    for (const name of ['status', 'expires_at', 'adaptive_pricing', 'after_expiration', 'ui_mode', 'custom_fields', 'collected_information']) delete it[name];
  } },
  { before: '2020-09-01', object: 'checkout.session', change: (it) => {
    for (const name of ['payment_status', 'url', 'amount_total', 'amount_subtotal', 'total_details', 'currency']) delete it[name];
    it.display_items = [];
  } },
  { before: '2020-01-01', object: 'dispute', change: (it) => {
    it.balance_transaction = it.balance_transactions[0]?.id ?? null;
    for (const name of ['payment_intent', 'enhanced_eligibility_types', 'payment_method_details']) delete it[name];
    delete it.evidence_details.enhanced_eligibility;
  } },
  { before: '2020-01-01', object: 'refund', change: (it) => {
    for (const name of ['payment_intent', 'destination_details', 'payment_method']) delete it[name];
  } },
  // Before payment intents, a charge had only its source.
  { before: '2018-07-27', object: 'charge', change: (it) => {
    for (const name of ['payment_intent', 'payment_method', 'payment_method_details', 'billing_details', 'amount_captured']) delete it[name];
  } },
];

/** @typedef {import('./state.mjs').World} World */

/**
 * Converts an object to a version, in place.
 * @param {any} it
 * @param {string} version
 * @param {World} world
 * @param {string} current the double's own version
 */
function shapeObject(it, version, world, current) {
  for (const { before, object, change } of OLDER) {
    if (version < before && it.object === object) change(it, world);
  }
  if (version.slice(0, 10) > current.slice(0, 10)) fromTheFuture(it);
}

/** @param {any} event @param {string} version @param {World} world @param {string} current */
export function shapeEvent(event, version, world, current) {
  const shaped = structuredClone(event);
  shaped.api_version = version;
  if (version < '2017-05-25') shaped.request = shaped.request.id;
  shapeObject(shaped.data.object, version, world, current);
  return shaped;
}

/**
 * Converts an answer with its expanded objects.
 * @param {any} body
 * @param {string} version
 * @param {World} world
 * @param {string} current
 * @returns {any}
 */
export function shapeAnswer(body, version, world, current) {
  if (body.object === 'event') return shapeEvent(body, version, world, current);
  if (body.object === 'list') return { ...body, data: body.data.map((/** @type {any} */ item) => shapeAnswer(item, version, world, current)) };
  const shaped = Object.fromEntries(Object.entries(structuredClone(body)).map(([name, value]) =>
    [name, typeof value?.object === 'string' ? shapeAnswer(value, version, world, current) : value]));
  shapeObject(shaped, version, world, current);
  return shaped;
}

/**
 * An unknown version: fields that are new, missing, or of another type. A shop should need none of them.
 * @param {any} it
 */
function fromTheFuture(it) {
  it.not_known_yet = { object: 'not_known_yet', amount: { value: '12.34' } };
  for (const name of ['payment_method_options', 'outcome', 'evidence', 'custom_text', 'billing_details', 'destination_details']) delete it[name];
  for (const name of ['automatic_tax', 'fraud_details', 'evidence_details', 'invoice_creation']) if (name in it) it[name] = 'none';
}
