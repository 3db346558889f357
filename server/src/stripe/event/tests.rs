//! The meaning of events, also of odd ones.

use billing::provider::{CheckoutSession, PaymentStatus, SessionStatus};
use proptest::prelude::*;
use serde_json::json;

use super::{
    super::{
        json::tests::odd_values,
        object::tests::{paid_object, paid_session},
    },
    *,
};

fn completed(changes: &Value) -> IncomingEvent {
    let kind = "checkout.session.completed";
    let event = json!({"id": "evt_1", "type": kind, "livemode": false, "data": {"object": paid_object(changes)}});
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
    assert_eq!(session(&json!({})), paid_session());
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
        assert!(matches!(&meaning, EventMeaning::Unreadable(event) if event.why.contains(lacking)), "{meaning:?}");
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

/// Fields that an event's meaning depends on, at any depth.
const NEEDED: [&str; 21] = [
    "id",
    "type",
    "livemode",
    "api_version",
    "data",
    "object",
    "mode",
    "status",
    "payment_status",
    "amount",
    "amount_total",
    "amount_refunded",
    "currency",
    "client_reference_id",
    "metadata",
    "payment_intent",
    "charge",
    "created",
    "refunds",
    "url",
    "balance_transactions",
];

/// A placeholder for an odd value, which a `Value` cannot hold.
const ODD: &str = "ODD";

/// Every way to put an odd value into a document without changing a necessary field.
fn with_odd_value(value: &Value) -> Vec<Value> {
    let put = |change: &dyn Fn(&mut Value)| {
        let mut changed = value.clone();
        change(&mut changed);
        changed
    };
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            all.push(put(&|changed| changed["odd"] = json!(ODD)));
            for (name, member) in members {
                if !NEEDED.contains(&name.as_str()) {
                    all.push(put(&|changed| changed[name] = json!(ODD)));
                }
                // An odd element in these lists would remove a refund or transaction.
                let is_needed_list = ["balance_transactions", "refunds"].contains(&name.as_str());
                let within = if is_needed_list { Vec::new() } else { with_odd_value(member) };
                all.extend(within.into_iter().map(|within| put(&|changed| changed[name] = within.clone())));
            }
        }
        Value::Array(elements) => {
            all.push(put(&|changed| changed.as_array_mut().unwrap().push(json!(ODD))));
            for (n, element) in elements.iter().enumerate() {
                let within = with_odd_value(element);
                all.extend(within.into_iter().map(|within| put(&|changed| changed[n] = within.clone())));
            }
        }
        _ => {}
    }
    all
}

#[test]
fn an_odd_value_in_a_field_that_is_not_needed_changes_no_event() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stripe-events");
    let odd_values = odd_values();
    let mut tried = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let expected = IncomingEvent { payload: Vec::new(), ..read(event.to_string().as_bytes()) };
        for (n, changed) in with_odd_value(&event).into_iter().enumerate() {
            // Rotates the odd values, so that each value gets to each kind of place.
            let odd = &odd_values[n % odd_values.len()];
            let payload = changed.to_string().replace(r#""ODD""#, odd).into_bytes();
            // Without the bytes, which are long.
            let read = IncomingEvent { payload: Vec::new(), ..read(&payload) };
            assert_eq!(read, expected, "{}: {changed}", path.display());
            tried += 1;
        }
    }
    assert!(tried > 2_000, "{tried}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(read(&bytes).payload, bytes);
    }
}
