//! Reads Stripe's events from the raw JSON: just the fields that are needed, so that an event shaped by another API
//! version than expected is still understood, and one that cannot be understood is still kept.

mod reversal;

use billing::event::{EventMeaning, IncomingEvent};
use jiff::Timestamp;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::object::{checkout_session, text};

/// Reads a verified event. There is no error: what cannot be read is kept for a person to look at.
pub fn read(payload: &[u8]) -> IncomingEvent {
    let event = serde_json::from_slice::<Value>(payload).unwrap_or_default();
    let meaning = if text(&event, "id").is_some() {
        meaning(&event).unwrap_or_else(|missing| EventMeaning::Unreadable(format!("no usable {missing}")))
    } else {
        EventMeaning::Unreadable("not an event: no usable id".to_owned())
    };
    IncomingEvent {
        // The same bytes again are the same event.
        provider_event_id: text(&event, "id")
            .map_or_else(|| format!("sha256_{}", hex::encode(Sha256::digest(payload))), str::to_owned),
        event_type: text(&event, "type").unwrap_or("unknown").to_owned(),
        api_version: text(&event, "api_version").map(str::to_owned),
        livemode: event.get("livemode").and_then(Value::as_bool).unwrap_or(false),
        payload: payload.to_vec(),
        meaning,
    }
}

/// What an event means, or which field it lacks.
fn meaning(event: &Value) -> Result<EventMeaning, &'static str> {
    let kind = text(event, "type").ok_or("type")?;
    let object = || object_of(event).ok_or("data.object");
    match kind {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => checkout(&object()?, kind),
        "charge.refunded"
        | "refund.created"
        | "refund.updated"
        | "refund.failed"
        | "charge.refund.updated"
        | "charge.dispute.created"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.closed"
        | "charge.dispute.funds_reinstated" => reversal::read(&object()?, made_at(event)),
        _ => Ok(EventMeaning::Irrelevant("not a type of event that the shop acts upon")),
    }
}

fn made_at(event: &Value) -> Option<Timestamp> {
    event.get("created").and_then(Value::as_i64).and_then(|second| Timestamp::from_second(second).ok())
}

/// What the event is about. Some objects do not say whether they are about real money; the event does.
fn object_of(event: &Value) -> Option<Value> {
    let mut object = event.pointer("/data/object")?.clone();
    if let (Some(members), Some(livemode)) = (object.as_object_mut(), event.get("livemode")) {
        members.entry("livemode").or_insert_with(|| livemode.clone());
    }
    Some(object)
}

fn checkout(object: &Value, kind: &str) -> Result<EventMeaning, &'static str> {
    if text(object, "mode").ok_or("mode")? != "payment" {
        return Ok(EventMeaning::Irrelevant("not a checkout session in payment mode"));
    }
    let session = checkout_session(object)?;
    Ok(match kind {
        "checkout.session.async_payment_failed" => EventMeaning::PaymentFailed(session),
        _ => EventMeaning::Checkout(session),
    })
}

#[cfg(test)]
mod tests {
    use billing::provider::{CheckoutSession, PaymentStatus, SessionStatus};
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const PURCHASE: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";

    fn completed(changes: &Value) -> IncomingEvent {
        let mut object = json!({
            "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "complete",
            "payment_status": "paid", "amount_total": 699, "currency": "eur", "livemode": false,
            "client_reference_id": PURCHASE, "payment_intent": "pi_1", "url": null,
        });
        for (member, value) in changes.as_object().unwrap() {
            object[member] = value.clone();
        }
        let kind = "checkout.session.completed";
        let event = json!({"id": "evt_1", "type": kind, "livemode": false, "data": {"object": object}});
        read(event.to_string().as_bytes())
    }

    fn session(changes: &Value) -> CheckoutSession {
        match completed(changes).meaning {
            EventMeaning::Checkout(session) => session,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_paid_session_is_read() {
        let expected = CheckoutSession {
            provider_ref: "cs_test_1".to_owned(),
            purchase_id: PURCHASE.parse().ok(),
            tenant_id: None,
            url: None,
            status: SessionStatus::Complete,
            payment: PaymentStatus::Paid,
            amount_total: Some(699),
            currency: Some("eur".to_owned()),
            livemode: false,
            payment_ref: Some("pi_1".to_owned()),
        };
        assert_eq!(session(&json!({})), expected);
        // Expanded, without a status, and with the purchase in the metadata.
        let other = json!({
            "payment_intent": {"id": "pi_1"}, "status": null,
            "client_reference_id": null, "metadata": {"purchase_id": PURCHASE},
        });
        assert_eq!(session(&other), expected);
    }

    #[test]
    fn an_unpaid_session_without_status_is_not_complete() {
        let unpaid = session(&json!({"payment_status": "unpaid", "status": null}));
        assert_eq!((unpaid.status, unpaid.payment), (SessionStatus::Open, PaymentStatus::Unpaid));
    }

    #[test]
    fn a_session_that_pays_for_something_else_is_irrelevant() {
        assert!(matches!(completed(&json!({"mode": "setup"})).meaning, EventMeaning::Irrelevant(_)));
    }

    #[test]
    fn a_session_that_lacks_what_decides_is_kept_for_a_person() {
        for lacking in ["id", "mode", "payment_status"] {
            let meaning = completed(&json!({lacking: null})).meaning;
            assert!(matches!(&meaning, EventMeaning::Unreadable(why) if why.contains(lacking)), "{meaning:?}");
        }
        assert!(matches!(completed(&json!({"status": "paused"})).meaning, EventMeaning::Unreadable(_)));
    }

    #[test]
    fn what_is_no_event_is_kept_under_the_hash_of_its_bytes() {
        let nested = "[".repeat(100_000);
        for payload in ["", "hello", "null", "[1]", "{}", r#"{"id":7}"#, r#"{"id":"evt \u0000"}"#, &nested] {
            let event = read(payload.as_bytes());
            assert!(event.provider_event_id.starts_with("sha256_"), "{payload}");
            assert!(matches!(event.meaning, EventMeaning::Unreadable(_)), "{payload}");
            assert_eq!(event.payload, payload.as_bytes());
        }
        assert_ne!(read(b"a").provider_event_id, read(b"b").provider_event_id);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            prop_assert_eq!(read(&bytes).payload, bytes);
        }
    }
}
