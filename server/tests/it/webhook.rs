//! Stripe's notifications: believed only when signed, and kept once believed.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    customer::completed,
    shop::{TestShop, WEBHOOK_SECRET, sign},
};

on_both_databases!(
    only_a_fresh_signature_over_these_bytes_is_believed,
    any_of_several_secrets_will_do,
    without_a_secret_nothing_is_believed,
    a_large_notification_is_refused,
    an_authentic_event_that_cannot_be_read_is_kept,
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
    for unset in ["", "  "] {
        let shop = shop.with_settings(&[("STRIPE_WEBHOOK_SECRET", unset)]);
        let payload = json!({"id": "evt_1", "type": "x", "livemode": false}).to_string().into_bytes();
        for secret in ["", WEBHOOK_SECRET] {
            let answer = shop.notify_signed(payload.clone(), &sign(secret, now(&shop), &payload)).await;
            answer.assert_problem(503, "webhook_not_configured");
            assert!(!answer.header("retry-after").is_empty());
        }
    }
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
