//! The client's ten acceptance tests, by the client's names.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::shop::TestShop;

on_both_databases!(
    test_list_products_returns_available_products,
    test_create_checkout_session_creates_purchase,
    test_create_checkout_session_rejects_invalid_product,
    test_complete_checkout_credits_account,
    test_complete_checkout_idempotent,
    test_complete_checkout_fails_for_nonexistent_session,
    test_list_purchases_returns_user_purchases,
    test_webhook_processes_checkout_completed,
    test_webhook_idempotent,
    test_webhook_handles_unknown_event,
);

/// Stripe's event when an order was paid.
pub fn completed(event_id: &str, order: &Value, cents: i64) -> Value {
    json!({
        "id": event_id, "object": "event", "type": "checkout.session.completed", "api_version": "2026-09-30.endive",
        "created": 1_790_000_000, "livemode": false,
        "data": {"object": {
            "id": order["session_id"], "object": "checkout.session", "mode": "payment", "status": "complete",
            "payment_status": "paid", "amount_total": cents, "currency": "eur", "livemode": false,
            "client_reference_id": order["purchase_id"], "payment_intent": "pi_1",
            "metadata": {"purchase_id": order["purchase_id"]},
        }},
    })
}

async fn test_list_products_returns_available_products(shop: TestShop) {
    let answer = shop.visitor().get("/billing/products").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json(),
        json!([
            {"id": "credits_1", "name": "1 Credit", "type": "CREDITS", "credits": 1, "amount_cents": 149, "currency": "EUR"},
            {"id": "credits_5", "name": "5 Credits", "type": "CREDITS", "credits": 5, "amount_cents": 699, "currency": "EUR"},
            {"id": "credits_10", "name": "10 Credits", "type": "CREDITS", "credits": 10, "amount_cents": 1299, "currency": "EUR"},
            {"id": "iza_pass", "name": "IZA Pass", "type": "IZA_PASS", "credits": 2, "amount_cents": 299, "currency": "EUR"},
        ])
    );
}

async fn test_create_checkout_session_creates_purchase(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let answer = kim.post("/billing/checkout/session", &json!({"product_id": "credits_5"})).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let order = answer.json();
    let session = order["session_id"].as_str().unwrap();
    assert!(session.starts_with("cs_mock_"));
    let url = format!("http://127.0.0.1:3000/checkout/success?session_id={session}");
    assert_eq!(order["checkout_url"], url);

    let purchases = kim.purchases().await;
    assert_eq!(purchases.len(), 1);
    let purchase = &purchases[0];
    for (member, value) in [
        ("id", order["purchase_id"].clone()),
        ("session_id", order["session_id"].clone()),
        ("status", json!("PENDING")),
        ("product_id", json!("credits_5")),
        ("type", json!("CREDITS")),
        ("credits", json!(5)),
        ("amount_cents", json!(699)),
        ("currency", json!("EUR")),
        ("provider", json!("STRIPE")),
        ("paid_at", Value::Null),
    ] {
        assert_eq!(purchase[member], value, "{member}");
    }
    assert_eq!(kim.credits().await, 0);
}

async fn test_create_checkout_session_rejects_invalid_product(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for product in ["credits_2", "", "CREDITS_1", "credits_1 ", "\u{0}"] {
        let answer = kim.post("/billing/checkout/session", &json!({"product_id": product})).await;
        answer.assert_problem(422, "unknown_product");
    }
    assert!(kim.purchases().await.is_empty());
}

async fn test_complete_checkout_credits_account(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut expected = 0;
    for (product, credits) in [("credits_1", 1), ("credits_5", 5), ("credits_10", 10), ("iza_pass", 2)] {
        let purchase = kim.buy(product).await;
        assert_eq!(purchase["status"], "PAID");
        assert!(purchase["paid_at"].is_string());
        expected += credits;
        assert_eq!(kim.credits().await, expected, "{product}");
    }
}

async fn test_complete_checkout_idempotent(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_10").await;
    let body = json!({"session_id": order["session_id"]});
    let first = kim.post("/billing/checkout/complete", &body).await;
    let again = kim.post("/billing/checkout/complete", &body).await;
    assert_eq!((first.status, again.status), (StatusCode::OK, StatusCode::OK));
    assert_eq!(first.json(), again.json());
    // And concurrently.
    let rush = (0..16).map(|_| kim.post("/billing/checkout/complete", &body));
    for answer in futures::future::join_all(rush).await {
        assert_eq!(answer.json(), first.json());
    }
    assert_eq!(kim.credits().await, 10);
    let path = format!("/billing/purchases/{}", order["purchase_id"].as_str().unwrap());
    assert_eq!(kim.get(&path).await.json()["entries"].as_array().unwrap().len(), 1);
}

async fn test_complete_checkout_fails_for_nonexistent_session(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let overlong = "c".repeat(10_000);
    for session in ["cs_mock_0198f2a4-7b1c-7def-8a2b-0123456789ab", "", "cs_mock_\u{0}", "ü", &overlong] {
        let answer = kim.post("/billing/checkout/complete", &json!({"session_id": session})).await;
        answer.assert_problem(404, "not_found");
    }
    assert_eq!(kim.credits().await, 0);
}

async fn test_list_purchases_returns_user_purchases(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let lee = shop.customer("lee@example.com").await;
    lee.buy("credits_10").await;
    let mut bought = Vec::new();
    for product in ["credits_1", "credits_5", "iza_pass"] {
        bought.push(kim.buy(product).await);
    }
    bought.reverse();
    assert_eq!(kim.purchases().await, bought, "newest first, and nobody else's");

    // The same, page by page.
    let mut paged = Vec::new();
    let mut path = "/billing/purchases?limit=2".to_owned();
    loop {
        let page = kim.get(&path).await.json();
        let items = page["items"].as_array().unwrap();
        assert!((1..=2).contains(&items.len()));
        paged.extend(items.clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/billing/purchases?limit=2&cursor={cursor}");
    }
    assert_eq!(paged, bought);
}

async fn test_webhook_processes_checkout_completed(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let answer = shop.notify(&completed("evt_1", &order, 699)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let purchase = &kim.purchases().await[0];
    assert_eq!(purchase["status"], "PAID");
    assert_eq!(kim.credits().await, 5);
}

async fn test_webhook_idempotent(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let event = completed("evt_1", &order, 699);
    let other = completed("evt_2", &order, 699);
    // The same event many times, another event for the same session, and the return page, all concurrently.
    let rush = (0..8).map(|n| shop.notify(if n % 2 == 0 { &event } else { &other }));
    let body = json!({"session_id": order["session_id"]});
    let (answers, returned) =
        futures::join!(futures::future::join_all(rush), kim.post("/billing/checkout/complete", &body));
    for answer in answers {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    assert_eq!(returned.status, StatusCode::OK);
    assert_eq!(shop.notify(&event).await.status, StatusCode::OK);
    assert_eq!(kim.credits().await, 5);
    let path = format!("/billing/purchases/{}", order["purchase_id"].as_str().unwrap());
    assert_eq!(kim.get(&path).await.json()["entries"].as_array().unwrap().len(), 1);
}

async fn test_webhook_handles_unknown_event(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    kim.order("credits_5").await;
    for (id, kind) in
        [("evt_1", "invoice.paid"), ("evt_2", "thing.nobody.knows"), ("evt_3", "checkout.session.renamed")]
    {
        let event = json!({"id": id, "type": kind, "livemode": false, "data": {"object": {"mode": "subscription"}}});
        let answer = shop.notify(&event).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    assert_eq!(kim.purchases().await[0]["status"], "PENDING");
    assert_eq!(kim.credits().await, 0);
}
