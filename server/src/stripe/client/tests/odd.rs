//! Answers with values that cannot be read, in fields that the shop does not need.

use billing::provider::{PaymentProvider, PaymentStatus, ProviderError, SessionStatus};
use serde_json::json;
use wiremock::{
    Mock, MockServer,
    matchers::{method, path, path_regex},
};

use super::*;
use crate::stripe::json::tests::odd_values;

/// An answer in which each text `ODD` is replaced by an odd value.
fn with(odd: &str, answer: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(answer.to_string().replace(r#""ODD""#, odd), "application/json")
}

/// Adds odd values to the object and to the objects in it.
fn adorned(mut object: Value) -> Value {
    object["odd"] = json!("ODD");
    object["customer_details"] = json!({"name": "ODD", "address": {"line1": "ODD"}});
    object["custom_fields"] = json!(["ODD", {"text": {"value": "ODD"}}]);
    object["metadata"]["note"] = json!("ODD");
    object
}

fn list(data: &[Value]) -> Value {
    json!({"object": "list", "has_more": false, "data": data, "odd": "ODD"})
}

#[tokio::test]
async fn one_odd_field_hides_no_session() {
    for odd in odd_values() {
        let server = MockServer::start().await;
        let opened_session = adorned(session(&json!({})));
        let intent = adorned(json!({"id": "pi_1", "status": "succeeded"}));
        let paid = adorned(session(&json!({
            "status": "complete", "payment_status": "paid", "payment_intent": intent, "created": 1_795_348_800,
        })));
        Mock::given(method("POST"))
            .and(path("/v1/checkout/sessions"))
            .respond_with(with(&odd, &opened_session))
            .mount(&server)
            .await;
        Mock::given(method("POST"))
            .and(path("/v1/checkout/sessions/cs_test_1/expire"))
            .respond_with(with(&odd, &paid))
            .mount(&server)
            .await;
        Mock::given(path("/v1/checkout/sessions/cs_test_1")).respond_with(with(&odd, &paid)).mount(&server).await;
        Mock::given(path("/v1/checkout/sessions")).respond_with(with(&odd, &list(&[paid]))).mount(&server).await;
        let provider = provider(&server);

        assert_eq!(provider.create_checkout(&purchase(), EMAIL).await.unwrap().status, SessionStatus::Open, "{odd}");
        let asked = provider.retrieve_checkout(&opened()).await.unwrap().unwrap();
        assert_eq!((asked.payment, asked.payment_ref.as_deref()), (PaymentStatus::Paid, Some("pi_1")), "{odd}");
        assert_eq!(provider.expire_checkout(&opened()).await.unwrap(), Some(asked.clone()), "{odd}");
        for reference in ["cs_test_1", "pi_1"] {
            assert_eq!(provider.retrieve_sale(reference).await.unwrap().unwrap().session, asked, "{odd}");
        }
    }
}

#[tokio::test]
async fn one_odd_field_hides_no_refund_dispute_or_event() {
    for odd in odd_values() {
        let server = MockServer::start().await;
        let owned = json!({"purchase_id": purchase().id.to_string()});
        let payment = adorned(json!({"id": "pi_1", "livemode": false, "metadata": owned}));
        let charge = adorned(json!({"id": "ch_1", "livemode": false, "payment_intent": "pi_1"}));
        let refund = adorned(json!({"id": "re_1", "amount": 140, "status": "succeeded"}));
        let dispute = adorned(json!({"id": "du_1", "amount": 699, "status": "lost"}));
        let event = adorned(json!({"id": "evt_1", "type": "charge.refunded", "data": {"object": charge}}));
        for (at, answer) in [
            ("/payment_intents/pi_1", &payment),
            ("/charges/ch_1", &charge),
            ("/refunds", &list(&[refund])),
            ("/disputes", &list(&[dispute])),
            ("/events", &list(std::slice::from_ref(&event))),
        ] {
            Mock::given(path_regex(format!("^/v1{at}$"))).respond_with(with(&odd, answer)).mount(&server).await;
        }
        let provider = provider(&server);

        let record = provider.retrieve_payment("ch_1").await.unwrap().unwrap();
        assert_eq!((record.purchase_id, record.snapshots.len(), record.unreadable), (Some(purchase().id), 2, None));
        let events = provider.events_since(ordered_at(), None).await.unwrap().events;
        assert_eq!(events[0].provider_event_id, "evt_1");
        assert_eq!(events[0].payload, event.to_string().replace(r#""ODD""#, &odd).into_bytes(), "as it was sent");
    }
}

#[tokio::test]
async fn an_odd_field_that_decides_is_named() {
    for (field, odd) in [("status", r#""\ud83d""#), ("payment_status", "1e400"), ("amount_total", "1e400")] {
        let server = MockServer::start().await;
        let mut paid = session(&json!({"status": "complete", "payment_status": "paid"}));
        paid[field] = json!("ODD");
        Mock::given(method("GET")).respond_with(with(odd, &paid)).mount(&server).await;

        let answered = provider(&server).retrieve_checkout(&opened()).await;

        let Err(ProviderError::Unreadable { detail }) = answered else { panic!("{field}: {answered:?}") };
        assert_eq!(detail, format!("a checkout session without a usable `{field}`"));
    }
}

/// A refusal by Stripe stays a refusal, whatever else the answer contains.
#[tokio::test]
async fn an_odd_field_hides_no_refusal() {
    let server = MockServer::start().await;
    let body = json!({"error": {"type": "invalid_request_error", "code": "resource_missing", "message": "ODD"}});
    let body = body.to_string().replace("\"ODD\"", r#""\ud83d""#);
    let missing = ResponseTemplate::new(404).set_body_raw(body, "application/json");
    Mock::given(method("GET")).respond_with(missing).mount(&server).await;

    assert_eq!(provider(&server).retrieve_checkout(&opened()).await.unwrap(), None);
}
