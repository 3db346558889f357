//! Parses Stripe's events from the raw JSON. Reads only the necessary fields, so that an event of another API version
//! is still understood. An event that is not understood is stored all the same.

mod reversal;
#[cfg(test)]
mod tests;

use billing::event::{EventMeaning, IncomingEvent, SessionIds, Unreadable};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{
    json,
    object::{checkout_session, purchase_of_session, tenant_in_metadata, text},
};

/// The events that the shop acts upon; the webhook endpoint at Stripe should send these.
pub const EVENT_TYPES: [&str; 13] = [
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    PAYMENT_FAILED,
    "checkout.session.expired",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.refund.updated",
    "charge.dispute.created",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.closed",
    "charge.dispute.funds_reinstated",
];

const PAYMENT_FAILED: &str = "checkout.session.async_payment_failed";

/// The prefix of the type of a thin event that corresponds to one of [`EVENT_TYPES`].
const THIN_TYPE_PREFIX: &str = "v1.";

/// Parses a verified event. Never fails: an event that cannot be read is stored, and needs attention.
pub fn read(payload: &[u8]) -> IncomingEvent {
    let event = json::read(payload).unwrap_or_default();
    let meaning = if text(&event, "id").is_some() {
        meaning(&event)
    } else {
        unreadable("not an event: no usable id".to_owned())
    };
    IncomingEvent {
        // Without a usable id, the hash of the bytes identifies the event.
        provider_event_id: text(&event, "id")
            .map_or_else(|| format!("sha256_{}", hex::encode(Sha256::digest(payload))), str::to_owned),
        event_type: text(&event, "type").unwrap_or("unknown").to_owned(),
        api_version: text(&event, "api_version").map(str::to_owned),
        livemode: event.get("livemode").and_then(Value::as_bool).unwrap_or(false),
        payload: payload.to_vec(),
        meaning,
    }
}

fn meaning(event: &Value) -> EventMeaning {
    let Some(kind) = text(event, "type") else { return unreadable("no usable type".to_owned()) };
    if is_thin(event, kind) {
        // A thin event contains no object (<https://docs.stripe.com/event-destinations#thin-events>).
        return unreadable(format!("{kind} is a thin payload: let the endpoint at Stripe send snapshot payloads"));
    }
    if !EVENT_TYPES.contains(&kind) {
        return EventMeaning::Irrelevant("not a type of event that the shop acts upon");
    }
    let Some(object) = object_of(event) else { return unreadable("no usable data.object".to_owned()) };
    if kind.starts_with("checkout.session.") {
        checkout(&object, kind)
    } else {
        reversal::read(&object, made_at(event))
    }
}

fn unreadable(why: String) -> EventMeaning {
    EventMeaning::Unreadable(Unreadable { why, session: None })
}

/// Whether it is a thin event of a kind that the shop acts on.
fn is_thin(event: &Value, kind: &str) -> bool {
    let (is_thin, kind) = match kind.strip_prefix(THIN_TYPE_PREFIX) {
        Some(kind) => (true, kind),
        None => (text(event, "object") == Some("v2.core.event"), kind),
    };
    is_thin && EVENT_TYPES.contains(&kind)
}

fn made_at(event: &Value) -> Option<Timestamp> {
    event.get("created").and_then(Value::as_i64).and_then(|second| Timestamp::from_second(second).ok())
}

/// The event's object. Some objects have no `livemode`; then the event's is used.
fn object_of(event: &Value) -> Option<Value> {
    let mut object = event.pointer("/data/object")?.clone();
    let members = object.as_object_mut().filter(|members| !members.is_empty())?;
    if let Some(livemode) = event.get("livemode") {
        members.entry("livemode").or_insert_with(|| livemode.clone());
    }
    Some(object)
}

fn checkout(object: &Value, kind: &str) -> EventMeaning {
    let mode = text(object, "mode").ok_or("mode");
    if mode.is_ok_and(|mode| mode != "payment") {
        return EventMeaning::Irrelevant("not a checkout session in payment mode");
    }
    match mode.and_then(|_| checkout_session(object)) {
        Ok(session) if kind == PAYMENT_FAILED => EventMeaning::PaymentFailed(session),
        Ok(session) => EventMeaning::Checkout(session),
        Err(field) => EventMeaning::Unreadable(Unreadable {
            why: format!("no usable {field}"),
            session: text(object, "id").map(|id| SessionIds {
                provider_ref: id.to_owned(),
                purchase_id: purchase_of_session(object),
                tenant_id: tenant_in_metadata(object),
            }),
        }),
    }
}
