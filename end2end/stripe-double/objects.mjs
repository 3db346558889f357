/**
 * Templates of Stripe's objects in its 2026 API, with every field that SDKs and typed clients need. state.mjs and
 * reversals.mjs change them.
 */
import { randomInt } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** @param {string} prefix @param {number} [length] */
export function newId(prefix, length = 24) {
  let id = prefix;
  for (let i = 0; i < length; i += 1) id += LETTERS[randomInt(LETTERS.length)];
  return id;
}

const noAddress = () => ({ city: null, country: null, line1: null, line2: null, postal_code: null, state: null });

/** @param {string | null} email */
export const customerDetails = (email) =>
  email && { address: noAddress(), business_name: null, email, individual_name: null, name: null, phone: null, tax_exempt: 'none', tax_ids: null };

/**
 * @param {any} given the parameters of the call
 * @param {{ id: string, url: string, livemode: boolean, now: number, currency: string, amount: number }} facts
 */
export function checkoutSession(given, { id, url, livemode, now, currency, amount }) {
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: given.adaptive_pricing?.enabled ?? true },
    after_expiration: null,
    allow_promotion_codes: null,
    amount_subtotal: amount,
    amount_total: amount,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: given.billing_address_collection ?? null,
    cancel_url: given.cancel_url ?? null,
    client_reference_id: given.client_reference_id ?? null,
    client_secret: null,
    collected_information: null,
    consent: null,
    consent_collection: null,
    created: now,
    currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: null,
    customer_account: null,
    customer_creation: given.customer_creation ?? 'if_required',
    customer_details: customerDetails(given.customer_email ?? null),
    customer_email: given.customer_email ?? null,
    discounts: [],
    expires_at: given.expires_at ?? now + 24 * 3600,
    integration_identifier: null,
    invoice: null,
    invoice_creation: {
      enabled: false,
      invoice_data: { account_tax_ids: null, custom_fields: null, description: null, footer: null, issuer: null, metadata: {}, rendering_options: null },
    },
    livemode,
    locale: given.locale ?? null,
    managed_payments: { enabled: false },
    metadata: given.metadata ?? {},
    mode: 'payment',
    origin_context: null,
    payment_intent: /** @type {string | null} */ (null),
    payment_link: null,
    payment_method_collection: 'if_required',
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: given.payment_method_types ?? ['card', 'sepa_debit'],
    payment_status: amount === 0 ? 'no_payment_required' : 'unpaid',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: null,
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: given.submit_type ?? null,
    subscription: null,
    success_url: given.success_url,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: /** @type {string | null} */ (url),
    wallet_options: null,
  };
}

/** @param {any} item a line item as it was given @param {{ livemode: boolean, now: number }} facts */
export function lineItem(item, { livemode, now }) {
  const { currency, unit_amount, product_data, tax_behavior } = item.price_data;
  const quantity = item.quantity ?? 1;
  const amount = unit_amount * quantity;
  return {
    id: newId('li_'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency,
    description: product_data.name,
    metadata: {},
    price: {
      id: newId('price_'),
      object: 'price',
      active: false,
      billing_scheme: 'per_unit',
      created: now,
      currency,
      custom_unit_amount: null,
      livemode,
      lookup_key: null,
      metadata: {},
      nickname: null,
      product: newId('prod_', 14),
      recurring: null,
      tax_behavior: tax_behavior ?? 'unspecified',
      tiers_mode: null,
      transform_quantity: null,
      type: 'one_time',
      unit_amount,
      unit_amount_decimal: String(unit_amount),
    },
    quantity,
  };
}

/** @param {any} session @param {any} given what the session's payment_intent_data said @param {number} now */
export function paymentIntent(session, given, now) {
  const id = newId('pi_3');
  return {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: session.amount_total,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: /** @type {number | null} */ (null),
    cancellation_reason: /** @type {string | null} */ (null),
    capture_method: 'automatic_async',
    client_secret: `${id}_secret_${newId('', 25)}`,
    confirmation_method: 'automatic',
    created: now,
    currency: session.currency,
    customer: null,
    customer_account: null,
    description: given.description ?? null,
    excluded_payment_method_types: null,
    last_payment_error: /** @type {object | null} */ (null),
    latest_charge: /** @type {string | null} */ (null),
    livemode: session.livemode,
    managed_payments: null,
    metadata: given.metadata ?? {},
    next_action: null,
    on_behalf_of: null,
    payment_method: /** @type {string | null} */ (null),
    payment_method_configuration_details: null,
    payment_method_options: {},
    payment_method_types: session.payment_method_types,
    payment_record: null,
    processing: null,
    receipt_email: given.receipt_email ?? null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: given.statement_descriptor_suffix ?? null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
}

const methodDetails = {
  card: () => ({
    card: {
      amount_authorized: null, authorization_code: null, brand: 'visa',
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'DE', exp_month: 12, exp_year: 2034, fingerprint: 'doubleDoubleDoub', funding: 'credit', installments: null,
      last4: '4242', mandate: null, network: 'visa', network_token: { used: false }, network_transaction_id: null,
      regulated_status: 'unregulated', three_d_secure: null, transaction_link_id: null, wallet: null,
    },
    type: 'card',
  }),
  sepa_debit: () => ({
    sepa_debit: { bank_code: '37040044', branch_code: '', country: 'DE', expected_debit_date: null, fingerprint: 'doubleDoubleDoub', last4: '3000', mandate: null },
    type: 'sepa_debit',
  }),
};

/** @param {any} intent @param {'card' | 'sepa_debit'} method @param {string | null} email @param {number} now */
export function charge(intent, method, email, now) {
  return {
    id: newId(method === 'card' ? 'ch_3' : 'py_3'),
    object: 'charge',
    amount: intent.amount,
    amount_captured: 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: /** @type {string | null} */ (null),
    billing_details: { address: noAddress(), email, name: null, phone: null, tax_id: null },
    calculated_statement_descriptor: null,
    captured: false,
    created: now,
    currency: intent.currency,
    customer: null,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: /** @type {string | null} */ (null),
    failure_message: /** @type {string | null} */ (null),
    fraud_details: {},
    livemode: intent.livemode,
    metadata: { ...intent.metadata },
    on_behalf_of: null,
    outcome: {
      advice_code: null, network_advice_code: null, network_decline_code: null, network_status: 'approved_by_network',
      reason: /** @type {string | null} */ (null), risk_level: 'normal', seller_message: 'Payment complete.', type: 'authorized',
    },
    paid: false,
    payment_intent: intent.id,
    payment_method: intent.payment_method,
    payment_method_details: methodDetails[method](),
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: /** @type {string | null} */ (null),
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: intent.statement_descriptor_suffix,
    status: 'pending',
    transfer_data: null,
    transfer_group: null,
  };
}
