//! Payments for purchases that a restored back-up lacks, and receipt numbers after it.

use billing::event::EventStatus;
use serde_json::json;
use server::operator::sales;

use crate::{customer::completed, shop::TestShop};

on_both_databases!(
    money_for_a_purchase_that_is_not_there_is_told,
    mock_mode_recovers_nothing,
    a_number_is_shown_with_its_series_everywhere,
);

const PURCHASE: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";
const TENANT: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ac";

fn raised(shop: &TestShop) -> u64 {
    let metrics = shop.state.metrics.render();
    let line =
        metrics.lines().find_map(|line| line.strip_prefix(r#"billing_attention_total{reason="unknown_purchase"} "#));
    line.unwrap().parse().unwrap()
}

async fn money_for_a_purchase_that_is_not_there_is_told(shop: TestShop) {
    let mut event = completed("evt_1", &json!({"session_id": "cs_1", "purchase_id": PURCHASE}), 699);
    event["data"]["object"]["metadata"]["tenant_id"] = json!(TENANT);
    let mut foreign = event.clone();
    foreign["id"] = json!("evt_2");
    foreign["data"]["object"]["metadata"] = json!({});
    let mut unpaid = event.clone();
    unpaid["id"] = json!("evt_3");
    unpaid["data"]["object"]["status"] = json!("expired");
    unpaid["data"]["object"]["payment_status"] = json!("unpaid");
    let before = raised(&shop);
    for event in [&event, &foreign, &unpaid, &event] {
        assert_eq!(shop.notify(event).await.status, 200);
    }
    let store = &shop.stores.store;
    let told = store.events(Some(EventStatus::Attention), 10).await.unwrap();
    assert_eq!(told.iter().map(|event| event.provider_event_id.as_str()).collect::<Vec<_>>(), ["evt_1"]);
    assert!(told[0].note.starts_with("unknown_purchase: ") && told[0].note.contains(PURCHASE), "{}", told[0].note);
    assert_eq!(store.events(Some(EventStatus::Ignored), 10).await.unwrap().len(), 2);
    assert!(raised(&shop) > before);
}

async fn mock_mode_recovers_nothing(shop: TestShop) {
    for refused in [sales::recover_all(&shop.worker()).await, sales::recover(&shop.worker(), "cs_1", None).await] {
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("set STRIPE_SECRET_KEY"), "{said}");
    }
}

async fn a_number_is_shown_with_its_series_everywhere(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let before = kim.buy("credits_5").await["id"].as_str().unwrap().to_owned();
    assert!(kim.get(&format!("/purchases/{before}")).await.text().contains("IZA-000001"));
    let said = sales::new_receipt_series(&shop.worker()).await.unwrap();
    let number = said.trim_end_matches(".\n").rsplit(' ').next().unwrap();
    assert!(number.starts_with("IZA-20") && number.ends_with("-000001") && number.len() == 26, "{said}");

    let id = kim.buy("credits_5").await["id"].as_str().unwrap().to_owned();
    assert_eq!(kim.get(&format!("/billing/purchases/{id}")).await.json()["receipt_number"], number);
    assert_eq!(kim.purchases().await[0]["receipt_number"], number);
    for path in [format!("/purchases/{id}"), "/purchases.csv".to_owned()] {
        assert!(kim.get(&path).await.text().contains(number), "{path}");
    }
    let pdf = kim.get(&format!("/purchases/{id}/receipt.pdf")).await;
    assert_eq!(pdf.header("content-disposition"), format!("inline; filename=\"{number}.pdf\""));
    assert_eq!(kim.get(&format!("/billing/purchases/{before}")).await.json()["receipt_number"], "IZA-000001");
}
