//! The requests to Stripe, built with async-stripe's request types.

use std::collections::HashMap;

use billing::{money::Currency, purchase::Purchase};
use jiff::{SignedDuration, Timestamp};
use stripe::StripeRequest;
use stripe_checkout::{
    CheckoutSessionLocale, CheckoutSessionMode, CheckoutSessionSubmitType,
    checkout_session::{
        CreateCheckoutSession, CreateCheckoutSessionAdaptivePricing, CreateCheckoutSessionLineItems,
        CreateCheckoutSessionLineItemsPriceData, CreateCheckoutSessionPaymentIntentData, ExpireCheckoutSession,
        ListCheckoutSession, ProductData, RetrieveCheckoutSession,
    },
};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_core::{dispute::ListDispute, event::ListEvent, refund::ListRefund};
use stripe_types::RangeQueryTs;

use crate::stripe::event::EVENT_TYPES;

/// How long after the order its checkout session ends. Stripe takes 30 minutes to 24 hours after the call
/// (<https://docs.stripe.com/api/checkout/sessions/create>). Counted from the order and not from the call, because the
/// same idempotency key requires the same parameters.
const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(23);
/// How long after the order its session can be opened. The session must have 30 minutes left at that time, by Stripe's
/// clock. And Stripe keeps an idempotency key for 24 hours, so a later call could open a second session.
const OPENING_TIME: SignedDuration = SignedDuration::from_hours(22);
/// The most that Stripe gives in one page.
const PAGE_LENGTH: i64 = 100;

/// Whether the purchase is too old to open its checkout session, or to repeat the call that does.
pub fn too_late_to_open(purchase: &Purchase, now: Timestamp) -> bool {
    now.duration_since(purchase.created_at) > OPENING_TIME
}

/// The idempotency key of the call that opens a purchase's session.
pub fn idempotency_key(purchase: &Purchase) -> String {
    format!("purchase-{}", purchase.id)
}

/// Opens the purchase's checkout session. The same purchase and e-mail address always give the same bytes.
pub fn create_session(purchase: &Purchase, buyer_email: &str, public_url: &str) -> RequestBuilder {
    let whose = HashMap::from([
        ("purchase_id".to_owned(), purchase.id.to_string()),
        ("tenant_id".to_owned(), purchase.tenant_id.to_string()),
    ]);
    // The data from which the sale is restored if the database loses it.
    let mut metadata = whose.clone();
    metadata.insert("ordered_by".to_owned(), purchase.ordered_by.to_string());
    metadata.insert("product_id".to_owned(), purchase.item.product_id.clone());
    metadata.insert("credits".to_owned(), purchase.item.credits.to_string());
    metadata.insert("amount_cents".to_owned(), purchase.item.price.cents.to_string());
    metadata.extend(purchase.consent.iter().map(|version| ("consent".to_owned(), version.to_string())));
    let payment = CreateCheckoutSessionPaymentIntentData {
        metadata: Some(whose),
        ..CreateCheckoutSessionPaymentIntentData::new()
    };
    // Charges the amount and currency of the order, without conversion to the buyer's currency.
    let as_ordered = CreateCheckoutSessionAdaptivePricing { enabled: Some(false) };
    let request = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Payment)
        .submit_type(CheckoutSessionSubmitType::Pay)
        .line_items(vec![line_item(purchase)])
        .adaptive_pricing(as_ordered)
        .client_reference_id(purchase.id.to_string())
        .metadata(metadata)
        .payment_intent_data(payment)
        .customer_email(buyer_email)
        .locale(purchase.locale.as_str().parse().unwrap_or(CheckoutSessionLocale::Auto))
        .success_url(format!("{public_url}/checkout/success?session_id={{CHECKOUT_SESSION_ID}}"))
        .cancel_url(format!("{public_url}/checkout/cancel?purchase_id={}", purchase.id))
        .expires_at((purchase.created_at + SESSION_LIFE).as_second())
        .build();
    RequestBuilder { body: request.body.map(|form| sorted(&form)), ..request }
}

/// Sorts the fields: metadata is a hash map, and its order differs in each process.
fn sorted(form: &str) -> String {
    let mut fields: Vec<&str> = form.split('&').collect();
    fields.sort_unstable();
    fields.join("&")
}

fn line_item(purchase: &Purchase) -> CreateCheckoutSessionLineItems {
    let currency = match purchase.item.price.currency {
        Currency::Eur => stripe_types::Currency::EUR,
    };
    let price = CreateCheckoutSessionLineItemsPriceData {
        unit_amount: Some(purchase.item.price.cents),
        product_data: Some(ProductData::new(purchase.item.name.as_str())),
        ..CreateCheckoutSessionLineItemsPriceData::new(currency)
    };
    CreateCheckoutSessionLineItems {
        price_data: Some(price),
        quantity: Some(1),
        ..CreateCheckoutSessionLineItems::new()
    }
}

/// A checkout session with its payment.
pub fn retrieve_session(id: &str) -> RequestBuilder {
    RetrieveCheckoutSession::new(id).expand(["payment_intent".to_owned()]).build()
}

/// The checkout session that led to a payment.
pub fn session_of_payment(payment_ref: &str) -> RequestBuilder {
    ListCheckoutSession::new().payment_intent(payment_ref).limit(1).build()
}

/// Ends an open checkout session.
pub fn expire_session(id: &str) -> RequestBuilder {
    ExpireCheckoutSession::new(id).build()
}

/// A payment. Built by hand, because async-stripe's crate with this request has 50,000 lines.
pub fn retrieve_payment(id: &str) -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Get, format!("/payment_intents/{id}"))
}

/// A charge.
pub fn retrieve_charge(id: &str) -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Get, format!("/charges/{id}"))
}

/// The refunds of a payment, newest first.
pub fn refunds(payment_ref: &str, after: Option<&str>) -> RequestBuilder {
    let list = ListRefund::new().payment_intent(payment_ref).limit(PAGE_LENGTH);
    match after {
        Some(seen) => list.starting_after(seen).build(),
        None => list.build(),
    }
}

/// The disputes about a payment, newest first.
pub fn disputes(payment_ref: &str, after: Option<&str>) -> RequestBuilder {
    let list = ListDispute::new().payment_intent(payment_ref).limit(PAGE_LENGTH);
    match after {
        Some(seen) => list.starting_after(seen).build(),
        None => list.build(),
    }
}

/// The events since an instant that the shop acts upon, newest first.
pub fn events(since: Timestamp, after: Option<&str>) -> RequestBuilder {
    let list = ListEvent::new()
        .created(RangeQueryTs::gte(since.as_second()))
        .types(EVENT_TYPES.map(str::to_owned))
        .limit(PAGE_LENGTH);
    match after {
        Some(seen) => list.starting_after(seen).build(),
        None => list.build(),
    }
}
