//! The buyer's consent to immediate delivery, and the legal texts.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::shop::TestShop;

on_both_databases!(
    a_consent_is_kept_with_the_purchase_and_one_to_nothing_is_refused,
    a_form_without_consent_orders_nothing,
    the_operators_texts_are_in_reach_of_every_page,
);

async fn a_consent_is_kept_with_the_purchase_and_one_to_nothing_is_refused(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let shown = kim.get("/billing/consent").await;
    assert_eq!(shown.status, StatusCode::OK);
    let shown = shown.json();
    assert_eq!(shown["locale"], "de");
    assert!(shown["text"].as_str().unwrap().contains("Widerrufsrecht"));

    for made_up in [json!("made-up"), json!(""), json!("Ä"), json!("a\u{0}")] {
        let order = json!({"product_id": "credits_5", "consent": made_up});
        kim.post("/billing/checkout/session", &order).await.assert_problem(422, "unknown_consent");
    }
    assert!(kim.purchases().await.is_empty());

    let order = json!({"product_id": "credits_5", "consent": shown["version"]});
    assert_eq!(kim.post("/billing/checkout/session", &order).await.status, StatusCode::CREATED);
    assert_eq!(
        kim.post("/billing/checkout/session", &json!({"product_id": "credits_1"})).await.status,
        StatusCode::CREATED
    );
    let kept: Vec<Value> = kim.purchases().await.iter().map(|purchase| purchase["consent"].clone()).collect();
    assert_eq!(kept, [Value::Null, shown["version"].clone()]);
}

async fn a_form_without_consent_orders_nothing(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let answer = kim.form("/api/create_checkout", "product_id=credits_5&order_key=k1").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_eq!(answer.header("location"), "/?buy=credits_5&error=consent_missing&key=k1");
    assert!(kim.purchases().await.is_empty());
}

async fn the_operators_texts_are_in_reach_of_every_page(shop: TestShop) {
    let visitor = shop.visitor();
    let front = visitor.get("/").await;
    for (page, title) in
        [("imprint", "Impressum"), ("terms", "AGB"), ("privacy", "Datenschutz"), ("withdrawal", "Widerrufsbelehrung")]
    {
        let address = format!("/legal/{page}");
        assert!(front.text().contains(&format!("href=\"{address}\"")), "{page}");
        let answer = visitor.get(&address).await;
        assert_eq!(answer.status, StatusCode::OK, "{page}");
        assert!(answer.text().contains(&format!("{title}</h1>")), "{page}");
        assert!(answer.text().contains("Dies ist ein Mustertext."), "{page}");
    }
    assert_eq!(visitor.get("/legal/other").await.status, StatusCode::NOT_FOUND);
}
