//! Ordering: keys, prices, providers that fail, paging.

use axum::http::{HeaderValue, Request, StatusCode, header};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tracing::Level;

use crate::{
    log::Log,
    provider::{Fickle, Mood, SILENT},
    shop::{Client, TestShop},
};

on_both_databases!(
    the_same_key_again_is_the_same_order,
    a_key_for_another_product_is_a_conflict,
    two_calls_with_one_key_at_once_make_one_purchase,
    without_a_key_each_call_is_an_order,
    too_many_open_purchases_are_refused_until_one_is_dropped,
    too_many_orders_in_a_minute_are_refused,
    processes_at_once_open_no_more_purchases_than_allowed,
    the_order_page_says_that_there_are_too_many_and_keeps_its_key,
    a_bad_key_is_refused_before_anything_is_written,
    an_amount_in_the_body_is_not_read,
    an_order_goes_on_once_the_provider_is_back,
    a_key_that_the_provider_does_not_accept_fails_no_order,
    nobody_is_told_that_nothing_was_charged_where_it_is_not_known,
    a_rejected_order_stays_rejected,
    a_bad_page_is_refused,
    a_receipt_adds_up,
    a_dropped_purchase_cannot_be_completed,
);

const ORDER: &str = "/billing/checkout/session";

async fn order_with_key(visitor: &Client, key: &str, product: &str) -> crate::shop::Answer {
    visitor.post_with(ORDER, &[("Idempotency-Key", key)], &json!({"product_id": product})).await
}

/// How many times attention was raised for this reason.
fn attention(shop: &TestShop, reason: &str) -> u64 {
    let series = format!(r#"billing_attention_total{{reason="{reason}"}} "#);
    let metrics = shop.state.metrics.render();
    let counted = metrics.lines().find_map(|line| line.strip_prefix(&series));
    counted.unwrap_or_else(|| panic!("{reason} is not there from the start")).parse().unwrap()
}

async fn the_same_key_again_is_the_same_order(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let first = order_with_key(&kim, "k1", "credits_1").await;
    let again = order_with_key(&kim, "k1", "credits_1").await;
    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(first.json(), again.json());
    assert_eq!(kim.purchases().await.len(), 1);
}

async fn a_key_for_another_product_is_a_conflict(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    order_with_key(&kim, "k1", "credits_1").await;
    order_with_key(&kim, "k1", "credits_5").await.assert_problem(409, "idempotency_key_reused");
    assert_eq!(kim.purchases().await.len(), 1);
}

async fn two_calls_with_one_key_at_once_make_one_purchase(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for round in 0..5 {
        let key = format!("round-{round}");
        let rush = (0..8).map(|_| order_with_key(&kim, &key, "credits_1"));
        let answers = futures::future::join_all(rush).await;
        for answer in &answers {
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
            assert_eq!(answer.json(), answers[0].json());
        }
        assert_eq!(kim.purchases().await.len(), round + 1);
    }
}

async fn without_a_key_each_call_is_an_order(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    assert_ne!(kim.order("credits_1").await, kim.order("credits_1").await);
    assert_eq!(kim.purchases().await.len(), 2);
}

async fn too_many_open_purchases_are_refused_until_one_is_dropped(shop: TestShop) {
    let shop = shop.with_settings(&[("OPEN_PURCHASES_MAX", "3")]);
    let (kim, lee) = (shop.customer("kim@example.com").await, shop.customer("lee@example.com").await);
    let mut orders = Vec::new();
    for n in 0..3 {
        orders.push(order_with_key(&kim, &format!("k{n}"), "credits_1").await.json());
    }
    let refused = order_with_key(&kim, "k3", "credits_1").await;
    refused.assert_problem(429, "too_many_orders");
    assert_eq!(refused.header("retry-after"), "60");
    assert_eq!(kim.purchases().await.len(), 3);
    assert_eq!(order_with_key(&kim, "k1", "credits_1").await.json(), orders[1], "a known key is no new order");
    order_with_key(&kim, "k1", "credits_5").await.assert_problem(409, "idempotency_key_reused");
    assert_eq!(order_with_key(&lee, "k3", "credits_1").await.status, StatusCode::CREATED);

    let id = orders[0]["purchase_id"].as_str().unwrap();
    kim.form("/api/discard_purchase", &format!("purchase_id={id}")).await;
    assert_eq!(order_with_key(&kim, "k3", "credits_1").await.status, StatusCode::CREATED);
    order_with_key(&kim, "k4", "credits_1").await.assert_problem(429, "too_many_orders");
    kim.post("/billing/checkout/complete", &json!({"session_id": orders[1]["session_id"]})).await;
    assert_eq!(order_with_key(&kim, "k4", "credits_1").await.status, StatusCode::CREATED, "a paid one is not open");
}

async fn too_many_orders_in_a_minute_are_refused(shop: TestShop) {
    let shop = shop.with_settings(&[("ORDERS_PER_MINUTE_MAX", "3")]);
    let kim = shop.customer("kim@example.com").await;
    shop.clock.stop();
    for _ in 0..3 {
        kim.buy("credits_1").await;
    }
    let refused = kim.post(ORDER, &json!({"product_id": "credits_1"})).await;
    refused.assert_problem(429, "too_many_orders");
    shop.clock.advance(refused.header("retry-after").parse().map(SignedDuration::from_secs).unwrap());
    kim.buy("credits_1").await;
}

async fn processes_at_once_open_no_more_purchases_than_allowed(shop: TestShop) {
    let limits = [("OPEN_PURCHASES_MAX", "5")];
    let processes = [shop.with_settings(&limits), shop.with_settings(&limits)];
    let kim = processes[0].customer("kim@example.com").await;
    let clients = processes.map(|shop| Client { shop, cookies: kim.cookies.clone() });
    let body = json!({"product_id": "credits_1"});
    let rush = (0..24).map(|n| clients[n % 2].post(ORDER, &body));
    let answers = futures::future::join_all(rush).await;
    let taken = answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count();
    let refused = answers.iter().filter(|answer| answer.status == StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!((taken, refused, kim.purchases().await.len()), (5, 19, 5));
}

async fn the_order_page_says_that_there_are_too_many_and_keeps_its_key(shop: TestShop) {
    let shop = shop.with_settings(&[("OPEN_PURCHASES_MAX", "1")]);
    let kim = shop.customer("kim@example.com").await;
    let open = kim.order("credits_1").await;
    let consent = kim.get("/billing/consent").await.json();
    let form = format!("product_id=credits_5&order_key=k1&consent={}", consent["version"].as_str().unwrap());
    let refused = kim.form("/api/create_checkout", &form).await;
    assert_eq!(refused.header("location"), "/?buy=credits_5&error=too_many_orders&key=k1");
    for (language, says) in
        [("de", "Zu viele Ihrer Käufe sind noch offen"), ("en", "too many of your purchases are still open")]
    {
        let page = kim.get(&format!("{}&lang={language}", refused.header("location"))).await.text();
        assert!(page.contains(says) && page.contains("value=\"k1\""), "{page}");
    }
    kim.form("/api/discard_purchase", &format!("purchase_id={}", open["purchase_id"].as_str().unwrap())).await;
    let taken = kim.form("/api/create_checkout", &form).await;
    assert!(taken.header("location").contains("/checkout/success"), "{}", taken.header("location"));
}

async fn a_bad_key_is_refused_before_anything_is_written(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for key in ["", " ", "two words", &"x".repeat(256)] {
        order_with_key(&kim, key, "credits_1").await.assert_problem(400, "invalid_idempotency_key");
    }
    let twice = [("Idempotency-Key", "a"), ("Idempotency-Key", "b")];
    let body = json!({"product_id": "credits_1"});
    kim.post_with(ORDER, &twice, &body).await.assert_problem(400, "invalid_idempotency_key");
    let latin = Request::post(ORDER)
        .header(header::CONTENT_TYPE, "application/json")
        .header("Idempotency-Key", HeaderValue::from_bytes(b"k\xfc").unwrap())
        .body(body.to_string().into());
    kim.send(latin.unwrap()).await.assert_problem(400, "invalid_idempotency_key");
    assert!(kim.purchases().await.is_empty());
}

async fn an_amount_in_the_body_is_not_read(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let body = json!({"product_id": "credits_10", "amount_cents": 1, "price": 1, "credits": 1000, "currency": "XXX"});
    assert_eq!(kim.post(ORDER, &body).await.status, StatusCode::CREATED);
    let purchase = &kim.purchases().await[0];
    assert_eq!((&purchase["amount_cents"], &purchase["credits"]), (&json!(1_299), &json!(10)));
}

async fn an_order_goes_on_once_the_provider_is_back(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    let kim = shop.customer("kim@example.com").await;
    provider.be(Mood::Unavailable);
    let answer = order_with_key(&kim, "k1", "credits_5").await;
    answer.assert_problem(503, "provider_unavailable");
    assert_eq!(answer.header("retry-after"), "7");
    assert!(!answer.text().contains("sk_test"));
    let waiting = kim.purchases().await;
    assert_eq!((waiting.len(), &waiting[0]["status"], &waiting[0]["session_id"]), (1, &json!("PENDING"), &Value::Null));

    provider.be(Mood::Works);
    let order = order_with_key(&kim, "k1", "credits_5").await;
    assert_eq!(order.status, StatusCode::CREATED);
    assert_eq!(order.json()["purchase_id"], waiting[0]["id"]);
    assert_eq!(kim.purchases().await.len(), 1);

    provider.be(Mood::Unavailable);
    let body = json!({"session_id": order.json()["session_id"]});
    kim.post("/billing/checkout/complete", &body).await.assert_problem(503, "payment_unknown");
    assert_eq!(kim.credits().await, 0);
}

/// The operator has to fix the key. Then the order succeeds.
async fn a_key_that_the_provider_does_not_accept_fails_no_order(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    let kim = shop.customer("kim@example.com").await;
    let consent = kim.get("/billing/consent").await.json()["version"].as_str().unwrap().to_owned();
    let form = format!("product_id=credits_5&order_key=f1&consent={consent}");
    let before = attention(&shop, "provider_access");
    provider.be(Mood::Denies);
    order_with_key(&kim, "k1", "credits_5").await.assert_problem(503, "provider_unavailable");
    let again = kim.form("/api/create_checkout", &form).await;
    assert!(again.header("location").contains("error=provider_unavailable"), "{}", again.header("location"));
    assert!(again.header("location").contains("key=f1"), "the form keeps its key");
    assert!(kim.purchases().await.iter().all(|purchase| purchase["status"] == "PENDING"));
    assert!(attention(&shop, "provider_access") > before);
    // The worker gets the same answer, and does not fail the purchase either.
    shop.clock.advance(SignedDuration::from_mins(10));
    assert_eq!(shop.state.shop.billing.check_pending(shop.state.accounts.as_ref(), 10).await.unwrap(), 2);
    assert!(kim.purchases().await.iter().all(|purchase| purchase["status"] == "PENDING"));

    provider.be(Mood::Works);
    assert_eq!(order_with_key(&kim, "k1", "credits_5").await.status, StatusCode::CREATED);
    let onward = kim.form("/api/create_checkout", &form).await;
    assert!(onward.header("location").contains("/checkout/success?session_id="), "{}", onward.header("location"));
    assert_eq!(kim.purchases().await.len(), 2);
}

/// Whatever the provider's error, the buyer may have paid.
async fn nobody_is_told_that_nothing_was_charged_where_it_is_not_known(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let (session, purchase) = (order["session_id"].as_str().unwrap(), order["purchase_id"].as_str().unwrap());
    let success = format!("/checkout/success?session_id={session}");
    let cancel = format!("/checkout/cancel?purchase_id={purchase}");
    let reasons = ["provider_access", "provider_refusal", "provider_answer", "session_missing"];
    let before = reasons.map(|reason| attention(&shop, reason));
    for mood in SILENT {
        provider.be(mood);
        let page = kim.get(&success).await;
        assert_eq!(page.status, StatusCode::OK, "{mood:?}");
        assert!(page.text().contains("Zahlung wird verarbeitet"), "{mood:?}: {}", page.text());
        let dropped = kim.form("/api/discard_purchase", &format!("purchase_id={purchase}")).await;
        assert!(dropped.header("location").ends_with("&error=payment_unknown"), "{mood:?}");
        for page in [page, kim.get(&cancel).await, kim.get(dropped.header("location")).await] {
            let text = page.text();
            assert!(!text.contains("abgebucht") && !text.contains("Weiter zur Zahlung"), "{mood:?}: {text}");
        }
        let body = json!({"session_id": session});
        kim.post("/billing/checkout/complete", &body).await.assert_problem(503, "payment_unknown");
        assert_eq!(kim.purchases().await[0]["status"], "PENDING", "{mood:?}");
    }
    for (reason, before) in reasons.into_iter().zip(before) {
        assert!(attention(&shop, reason) > before, "{reason}");
    }

    provider.be(Mood::Works);
    let page = kim.get(&cancel).await;
    assert!(page.text().contains("Dieser Kauf ist bezahlt"), "{}", page.text());
    assert_eq!(kim.credits().await, 5);
}

async fn a_rejected_order_stays_rejected(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    let kim = shop.customer("kim@example.com").await;
    provider.be(Mood::Rejects);
    order_with_key(&kim, "k1", "credits_5").await.assert_problem(502, "provider_rejected");
    provider.be(Mood::Works);
    order_with_key(&kim, "k1", "credits_5").await.assert_problem(502, "provider_rejected");
    let purchases = kim.purchases().await;
    assert_eq!(purchases.len(), 1);
    assert_eq!(purchases[0]["status"], "FAILED");
    assert_eq!(purchases[0]["failure_reason"], "PROVIDER_REJECTED");
    assert!(purchases[0]["failed_at"].is_string());
}

async fn a_bad_page_is_refused(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for query in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=%2B1",
        "limit=",
        "limit=1.5",
        "limit=99999999999",
        "limit=1&limit=2",
        "cursor=",
        "cursor=x",
        "cursor=0198F2A4-7B1C-7DEF-8A2B-0123456789AB",
        "cursor=%00",
        "limit=%ff",
    ] {
        kim.get(&format!("/billing/purchases?{query}")).await.assert_problem(400, "invalid_query");
    }
    for query in ["", "?limit=1", "?limit=100", "?other=1"] {
        assert_eq!(kim.get(&format!("/billing/purchases{query}")).await.status, StatusCode::OK, "{query}");
    }
}

async fn a_receipt_adds_up(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let purchase = kim.buy("credits_1").await;
    let receipt = kim.get(&format!("/billing/purchases/{}", purchase["id"].as_str().unwrap())).await.json();
    assert_eq!(receipt["vat"], json!({"rate_basis_points": 1900, "net_cents": 125, "tax_cents": 24}));
    assert_eq!(receipt["amount_cents"], 149);
    assert_eq!(receipt["seller"]["name"], "Muster GmbH (Demo)");
    let entries = receipt["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1);
    let entry = (&entries[0]["kind"], &entries[0]["credits"], &entries[0]["balance_after"]);
    assert_eq!(entry, (&json!("PURCHASE"), &json!(1), &json!(1)));
    for path in ["/billing/purchases/x", "/billing/purchases/%ff", "/billing/purchases/%00"] {
        kim.get(path).await.assert_problem(404, "not_found");
    }
}

async fn a_dropped_purchase_cannot_be_completed(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_1").await;
    let id = order["purchase_id"].as_str().unwrap().parse().unwrap();
    let tenant = shop.state.accounts.account_by_email(&"kim@example.com".parse().unwrap()).await.unwrap().unwrap();
    let tenant = tenant.principal.tenant_id;
    shop.state.shop.billing.discard(tenant, id).await.unwrap().unwrap();
    let dropped = kim.post("/billing/checkout/complete", &json!({"session_id": order["session_id"]})).await;
    assert_eq!(dropped.json()["purchase"]["status"], "FAILED");
    assert_eq!(dropped.json()["purchase"]["failure_reason"], "CANCELLED");
    assert_eq!(kim.credits().await, 0);
}

#[tokio::test]
async fn an_order_reads_nothing_that_is_known() {
    let database = store_postgres::testing::TestDatabase::create().await.unwrap();
    let shop = TestShop::open(&database.url()).await;
    let kim = shop.customer("kim@example.com").await;
    let consent = kim.get("/billing/consent").await.json();
    let order = json!({"product_id": "credits_1", "consent": consent["version"]});
    assert_eq!(kim.post(ORDER, &order).await.status, StatusCode::CREATED);
    let log = Log::capture(Level::DEBUG);
    assert_eq!(kim.post(ORDER, &order).await.status, StatusCode::CREATED);
    let statements: Vec<_> = log.lines().into_iter().filter(|line| line.contains("sqlx::query")).collect();
    assert!(statements.iter().any(|line| line.contains("UPDATE purchases")), "{statements:#?}");
    let reads = |table: &str| statements.iter().filter(|line| line.contains(&format!("FROM {table}"))).count();
    assert_eq!(
        (reads("consent_texts"), reads("purchases WHERE tenant_id = $1 AND id = $2")),
        (0, 0),
        "{statements:#?}"
    );
    drop(log);
    drop((shop, kim));
    database.remove().await.unwrap();
}
