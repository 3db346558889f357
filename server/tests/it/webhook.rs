//! Stripe's notifications: accepted only with a valid signature, and then stored.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use billing::event::{EventStatus, StoredEvent};
use serde_json::{Value, json};
use tracing::Level;

use crate::{
    customer::completed,
    log::Log,
    shop::{TestShop, WEBHOOK_SECRET, sign},
};

on_both_databases!(
    only_a_fresh_signature_over_these_bytes_is_believed,
    any_of_several_secrets_will_do,
    without_a_secret_nothing_is_believed,
    a_large_notification_is_refused,
    an_authentic_event_that_cannot_be_read_is_kept,
    one_odd_field_hides_no_payment,
    an_odd_field_that_decides_is_named,
    what_another_shop_sends_needs_no_attention,
    a_thin_payload_needs_attention_and_says_what_to_send,
    a_session_that_contradicts_the_purchase_books_nothing,
    an_unpaid_session_waits_for_its_money,
    a_delayed_payment_that_fails_fails_the_purchase,
    an_expired_session_fails_the_purchase_and_late_money_still_counts,
);

fn now(shop: &TestShop) -> i64 {
    shop.state.clock.now().as_second()
}

async fn only_a_fresh_signature_over_these_bytes_is_believed(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let payload = completed("evt_1", &order, 699).to_string().into_bytes();
    let good = sign(WEBHOOK_SECRET, now(&shop), &payload);
    let other_bytes = sign(WEBHOOK_SECRET, now(&shop), b"{}");
    let old = sign(WEBHOOK_SECRET, now(&shop) - 310, &payload);
    let future = sign(WEBHOOK_SECRET, now(&shop) + 310, &payload);
    let stranger = sign("whsec_other", now(&shop), &payload);
    let empty = sign("", now(&shop), &payload);
    let v0 = good.replace("v1=", "v0=");
    for signature in ["", "t=,v1=", "nonsense", &other_bytes, &old, &future, &stranger, &empty, &v0] {
        let answer = shop.notify_signed(payload.clone(), signature).await;
        answer.assert_problem(400, "invalid_signature");
    }
    let mut tampered = payload.clone();
    tampered.push(b' ');
    shop.notify_signed(tampered, &good).await.assert_problem(400, "invalid_signature");
    let unsigned = Request::post("/billing/webhook").body(Body::from(payload.clone())).unwrap();
    shop.visitor().send(unsigned).await.assert_problem(400, "invalid_signature");
    assert_eq!(kim.credits().await, 0);

    assert_eq!(shop.notify_signed(payload, &good).await.status, StatusCode::OK);
    assert_eq!(kim.credits().await, 5);
}

async fn any_of_several_secrets_will_do(shop: TestShop) {
    let shop = shop.with_settings(&[("STRIPE_WEBHOOK_SECRET", "whsec_old, whsec_new")]);
    for (id, secret, expected) in
        [("evt_1", "whsec_old", 200), ("evt_2", "whsec_new", 200), ("evt_3", "whsec_old, whsec_new", 400)]
    {
        let payload = json!({"id": id, "type": "x", "livemode": false}).to_string().into_bytes();
        let signature = sign(secret, now(&shop), &payload);
        assert_eq!(shop.notify_signed(payload, &signature).await.status.as_u16(), expected, "{secret}");
    }
    // While Stripe rotates, it sends one signature for each secret.
    let payload = json!({"id": "evt_4", "type": "x", "livemode": false}).to_string().into_bytes();
    let both =
        format!("{},v1={}", sign("whsec_gone", now(&shop), &payload), &sign("whsec_new", now(&shop), &payload)[16..]);
    assert_eq!(shop.notify_signed(payload, &both).await.status, StatusCode::OK, "{both}");
}

async fn without_a_secret_nothing_is_believed(shop: TestShop) {
    let shop = shop.with_settings(&[("STRIPE_WEBHOOK_SECRET", "")]);
    let payload = json!({"id": "evt_1", "type": "x", "livemode": false}).to_string().into_bytes();
    for secret in ["", WEBHOOK_SECRET] {
        let answer = shop.notify_signed(payload.clone(), &sign(secret, now(&shop), &payload)).await;
        answer.assert_problem(503, "webhook_not_configured");
        assert!(!answer.header("retry-after").is_empty());
    }
}

#[tokio::test]
async fn a_closed_webhook_fills_no_log() {
    let database = store_sqlite::testing::TestDatabase::create().await.unwrap();
    let shop = TestShop::open(&database.url()).await.with_settings(&[("STRIPE_WEBHOOK_SECRET", "")]);
    let log = Log::capture(Level::INFO);
    for _ in 0..20 {
        shop.notify(&json!({"id": "evt_1"})).await.assert_problem(503, "webhook_not_configured");
    }
    let errors: Vec<_> = log.lines().into_iter().filter(|line| line.contains("ERROR")).collect();
    assert!(matches!(&errors[..], [only] if only.contains("STRIPE_WEBHOOK_SECRET is not set")), "{errors:?}");
}

async fn a_large_notification_is_refused(shop: TestShop) {
    for (bytes, expected) in [(256 * 1024, 200), (256 * 1024 + 1, 413)] {
        let payload = vec![b' '; bytes];
        let signature = sign(WEBHOOK_SECRET, now(&shop), &payload);
        let sized = shop.notify_signed(payload.clone(), &signature).await;
        assert_eq!(sized.status.as_u16(), expected, "{}", sized.text());
        // The same without a Content-Length.
        let chunks = payload.chunks(8_192).map(|chunk| Ok::<_, std::convert::Infallible>(chunk.to_vec()));
        let body = Body::from_stream(futures::stream::iter(chunks.collect::<Vec<_>>()));
        let request = Request::post("/billing/webhook").header("Stripe-Signature", signature).body(body).unwrap();
        let chunked = shop.visitor().send(request).await;
        assert_eq!(chunked.status.as_u16(), expected, "{}", chunked.text());
        if expected == 413 {
            sized.assert_problem(413, "body_too_large");
            chunked.assert_problem(413, "body_too_large");
        }
    }
}

async fn an_authentic_event_that_cannot_be_read_is_kept(shop: TestShop) {
    let deep = "[".repeat(10_000);
    let session = json!({"id": "evt_1", "type": "checkout.session.completed", "data": {"object": {"mode": "payment"}}});
    let nul = r#"{"id":"evt_\u0000","type":"checkout.session.completed"}"#;
    for payload in ["", "not json", "null", "[]", "{}", &deep, nul, &session.to_string()] {
        let payload = payload.as_bytes().to_vec();
        for _ in 0..2 {
            let signature = sign(WEBHOOK_SECRET, now(&shop), &payload);
            let answer = shop.notify_signed(payload.clone(), &signature).await;
            assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        }
    }
    let not_utf8 = vec![b'{', 0xff, b'}'];
    let signature = sign(WEBHOOK_SECRET, now(&shop), &not_utf8);
    assert_eq!(shop.notify_signed(not_utf8, &signature).await.status, StatusCode::OK);
}

/// JSON that cannot be decoded, or is nested too deeply.
fn odd_values() -> [String; 4] {
    let nested = format!("{}{}", "[".repeat(150), "]".repeat(150));
    [r#""\ud83d""#.to_owned(), "1e400".to_owned(), nested, r#"{"\ud83d": 1e400}"#.to_owned()]
}

/// Sends an event in which the text `ODD` is replaced by an odd value. Returns the stored event.
async fn notify_odd(shop: &TestShop, event: &Value, odd: &str) -> StoredEvent {
    let payload = event.to_string().replace(r#""ODD""#, odd).into_bytes();
    let signature = sign(WEBHOOK_SECRET, now(shop), &payload);
    assert_eq!(shop.notify_signed(payload.clone(), &signature).await.status, StatusCode::OK);
    let stored = shop.stores.store.event(event["id"].as_str().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.payload, payload, "kept as it came");
    stored
}

async fn one_odd_field_hides_no_payment(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for (n, odd) in odd_values().iter().enumerate() {
        let order = kim.order("credits_5").await;
        let mut event = completed(&format!("evt_{n}"), &order, 699);
        event["odd"] = json!("ODD");
        event["request"] = json!({"idempotency_key": "ODD"});
        let session = &mut event["data"]["object"];
        session["customer_details"] = json!({"name": "ODD", "address": {"line1": "ODD"}});
        session["metadata"]["note"] = json!("ODD");
        session["custom_fields"] = json!([{"text": {"value": "ODD"}}, "ODD"]);
        session["url"] = json!("ODD");
        session["payment_intent"] = json!("ODD");
        let stored = notify_odd(&shop, &event, odd).await;
        assert_eq!((stored.status, stored.note.as_str()), (EventStatus::Applied, "applied"), "{odd}");
        assert_eq!(kim.purchases().await[0]["status"], "PAID", "{odd}");
    }
    assert_eq!(kim.credits().await, 20);
}

async fn an_odd_field_that_decides_is_named(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    for (n, odd) in odd_values().iter().enumerate() {
        for field in ["mode", "status", "payment_status", "amount_total", "currency"] {
            let mut event = completed(&format!("evt_{n}_{field}"), &order, 699);
            event["data"]["object"][field] = json!("ODD");
            let stored = notify_odd(&shop, &event, odd).await;
            let expected = (EventStatus::Attention, format!("no usable {field}"));
            assert_eq!((stored.status, stored.note), expected, "{odd}");
            let purchase = stored.purchase.unwrap().1.to_string();
            assert_eq!(order["purchase_id"], purchase.as_str());
        }
    }
    assert_eq!(kim.credits().await, 0);
    shop.notify(&completed("evt_paid", &order, 699)).await;
    assert_eq!(kim.credits().await, 5);
    // In mock mode, the figures of a refund's event are needed.
    let refund = json!({
        "id": "re_1", "object": "refund", "amount": "ODD", "status": "succeeded", "payment_intent": "pi_1",
    });
    let event = json!({"id": "evt_re", "type": "refund.created", "livemode": false, "data": {"object": refund}});
    let stored = notify_odd(&shop, &event, "1e400").await;
    assert_eq!((stored.status, stored.note.as_str()), (EventStatus::Attention, "no usable amount"));
    assert!(stored.purchase.is_some());
}

/// Ownership is checked before errors.
async fn what_another_shop_sends_needs_no_attention(shop: TestShop) {
    let other = json!({"session_id": "cs_other", "purchase_id": "order-42"});
    let mut sent = Vec::new();
    for field in ["mode", "status", "payment_status", "amount_total", "livemode"] {
        let mut event = completed(&format!("evt_{field}"), &other, 699);
        event["data"]["object"][field] = json!("ODD");
        let stored = notify_odd(&shop, &event, "1e400").await;
        assert_eq!(stored.note, "not a checkout session of this shop");
        sent.push(stored.provider_event_id);
    }
    let mut modeless = completed("evt_modeless", &other, 699);
    modeless["data"]["object"].as_object_mut().unwrap().remove("mode");
    let stored = notify_odd(&shop, &modeless, "null").await;
    assert_eq!((stored.status, stored.note.as_str()), (EventStatus::Ignored, "not a checkout session of this shop"));
    for (kind, object) in [
        ("refund.created", json!({"id": "re_1", "object": "refund", "payment_intent": "pi_9", "amount": "ODD"})),
        ("charge.refunded", json!({"id": "ch_9", "object": "charge", "amount_refunded": "ODD"})),
        ("charge.refunded", json!({"id": "ch_9", "object": "ODD"})),
        ("charge.dispute.created", json!({"id": "dp_1", "object": "dispute", "charge": "ch_9", "status": "ODD"})),
        ("refund.updated", json!({"id": "re_1", "object": "refund", "amount": "ODD"})),
    ] {
        let id = format!("evt_{}", sent.len());
        notify_odd(&shop, &json!({"id": id, "type": kind, "data": {"object": object}}), "1e400").await;
        sent.push(id);
    }
    shop.work_off_events().await;
    for id in sent {
        let event = shop.stores.store.event(&id).await.unwrap().unwrap();
        assert_eq!(event.status, EventStatus::Ignored, "{event:?}");
    }
}

async fn a_thin_payload_needs_attention_and_says_what_to_send(shop: TestShop) {
    let thin = |id: &str, kind: &str| {
        json!({
            "id": id, "object": "v2.core.event", "type": kind, "livemode": false, "created": "2026-11-26T12:00:00.000Z",
            "related_object": {"id": "cs_1", "type": "checkout.session", "url": "/v1/checkout/sessions/cs_1"},
        })
    };
    let stored = notify_odd(&shop, &thin("evt_1", "v1.checkout.session.completed"), "").await;
    assert_eq!(stored.status, EventStatus::Attention);
    assert!(stored.note.contains("snapshot payloads"), "{}", stored.note);
    let stored = notify_odd(&shop, &thin("evt_2", "v1.customer.created"), "").await;
    assert_eq!(stored.status, EventStatus::Ignored);
}

async fn a_session_that_contradicts_the_purchase_books_nothing(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let with = |id: &str, member: &str, value: Value| {
        let mut event = completed(id, &order, 699);
        event["data"]["object"][member] = value;
        event
    };
    for event in [
        with("evt_1", "amount_total", json!(698)),
        with("evt_2", "amount_total", Value::Null),
        with("evt_3", "currency", json!("usd")),
        with("evt_4", "livemode", json!(true)),
        with("evt_5", "id", json!("cs_another")),
    ] {
        assert_eq!(shop.notify(&event).await.status, StatusCode::OK);
        assert_eq!(kim.credits().await, 0, "{event}");
        assert_eq!(kim.purchases().await[0]["status"], "PENDING");
    }
    assert!(shop.state.metrics.render().contains(r#"billing_attention_total{reason="amount"}"#));
    shop.notify(&completed("evt_6", &order, 699)).await;
    assert_eq!(kim.credits().await, 5);
}

async fn an_unpaid_session_waits_for_its_money(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let mut event = completed("evt_1", &order, 699);
    event["data"]["object"]["payment_status"] = json!("unpaid");
    assert_eq!(shop.notify(&event).await.status, StatusCode::OK);
    assert_eq!((&kim.purchases().await[0]["status"], kim.credits().await), (&json!("PENDING"), 0));
    let mut event = completed("evt_2", &order, 699);
    event["type"] = json!("checkout.session.async_payment_succeeded");
    shop.notify(&event).await;
    assert_eq!((&kim.purchases().await[0]["status"], kim.credits().await), (&json!("PAID"), 5));
}

async fn a_delayed_payment_that_fails_fails_the_purchase(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let mut event = completed("evt_1", &order, 699);
    event["type"] = json!("checkout.session.async_payment_failed");
    event["data"]["object"]["payment_status"] = json!("unpaid");
    shop.notify(&event).await;
    let purchase = &kim.purchases().await[0];
    assert_eq!((&purchase["status"], &purchase["failure_reason"]), (&json!("FAILED"), &json!("PAYMENT_FAILED")));
}

async fn an_expired_session_fails_the_purchase_and_late_money_still_counts(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let mut expired = completed("evt_1", &order, 699);
    expired["type"] = json!("checkout.session.expired");
    expired["data"]["object"]["status"] = json!("expired");
    expired["data"]["object"]["payment_status"] = json!("unpaid");
    shop.notify(&expired).await;
    let purchase = &kim.purchases().await[0];
    assert_eq!((&purchase["status"], &purchase["failure_reason"]), (&json!("FAILED"), &json!("EXPIRED")));
    shop.notify(&completed("evt_2", &order, 699)).await;
    assert_eq!((&kim.purchases().await[0]["status"], kim.credits().await), (&json!("PAID"), 5));
    expired["id"] = json!("evt_3");
    shop.notify(&expired).await;
    assert_eq!((&kim.purchases().await[0]["status"], kim.credits().await), (&json!("PAID"), 5));
}
