//! Refunds and disputes by Stripe's notifications, and all recorded events.

use axum::http::StatusCode;
use billing::event::EventStatus;
use serde_json::{Value, json};

use crate::{
    customer::completed,
    shop::{Client, TestShop},
};

on_both_databases!(
    partial_refunds_take_the_floor_of_their_sum,
    a_full_refund_takes_all_and_shows,
    a_failed_refund_gives_back,
    a_lost_dispute_takes_once_and_a_won_one_gives_back,
    an_inquiry_that_escalates_takes_the_amount_that_is_withdrawn,
    an_open_dispute_is_corrected_up_and_down,
    a_dispute_reinstated_in_part_gives_back_that_part,
    a_refund_that_is_told_before_its_payment_is_booked_with_it,
    a_refund_or_an_event_of_the_wrong_mode_touches_no_other_tenant,
    every_recorded_event_of_another_shop_is_ignored_for_its_reason,
);

/// A customer who has paid for 5 credits, by a notification that names its payment.
async fn paid(shop: &TestShop) -> (Client, Value) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    shop.notify(&completed("evt_paid", &order, 699)).await;
    assert_eq!(kim.credits().await, 5);
    (kim, order)
}

fn event(id: &str, kind: &str, object: Value) -> Value {
    json!({"id": id, "object": "event", "type": kind, "livemode": false, "data": {"object": object}})
}

fn refund(id: &str, amount: i64, status: &str) -> Value {
    json!({"id": id, "object": "refund", "amount": amount, "status": status, "payment_intent": "pi_1", "charge": "ch_1"})
}

fn charge(refunded: i64) -> Value {
    json!({
        "id": "ch_1", "object": "charge", "amount": 699, "amount_refunded": refunded, "payment_intent": "pi_1",
        "livemode": false, "metadata": {},
    })
}

fn dispute(status: &str) -> Value {
    json!({"id": "dp_1", "object": "dispute", "amount": 699, "status": status, "payment_intent": "pi_1", "charge": "ch_1"})
}

async fn partial_refunds_take_the_floor_of_their_sum(shop: TestShop) {
    let (kim, _) = paid(&shop).await;
    for (id, refunded, left) in
        [("evt_1", 139, 5), ("evt_2", 140, 4), ("evt_3", 140, 4), ("evt_4", 279, 4), ("evt_5", 280, 3)]
    {
        for _ in 0..2 {
            shop.notify(&event(id, "charge.refunded", charge(refunded))).await;
        }
        assert_eq!(kim.credits().await, left, "{refunded} cents refunded");
    }
    assert_eq!(kim.purchases().await[0]["status"], "PAID");
}

async fn a_full_refund_takes_all_and_shows(shop: TestShop) {
    let (kim, order) = paid(&shop).await;
    shop.notify(&event("evt_1", "refund.created", refund("re_1", 699, "pending"))).await;
    shop.notify(&event("evt_2", "charge.refunded", charge(699))).await;
    shop.notify(&event("evt_3", "refund.updated", refund("re_1", 699, "succeeded"))).await;
    assert_eq!(kim.credits().await, 0);
    assert_eq!(kim.purchases().await[0]["status"], "REFUNDED");
    let path = format!("/purchases/{}", order["purchase_id"].as_str().unwrap());
    let receipt = kim.get(&path).await.text();
    assert!(receipt.contains("Erstattung") || receipt.contains("Erstattet"), "{receipt}");
}

async fn a_failed_refund_gives_back(shop: TestShop) {
    let (kim, _) = paid(&shop).await;
    shop.notify(&event("evt_1", "refund.created", refund("re_1", 350, "pending"))).await;
    assert_eq!(kim.credits().await, 3);
    shop.notify(&event("evt_2", "refund.failed", refund("re_1", 350, "failed"))).await;
    assert_eq!(kim.credits().await, 5);
    // An older notification that comes late changes nothing.
    shop.notify(&event("evt_3", "refund.updated", refund("re_1", 350, "pending"))).await;
    assert_eq!(kim.credits().await, 5);
}

async fn a_lost_dispute_takes_once_and_a_won_one_gives_back(shop: TestShop) {
    let (kim, _) = paid(&shop).await;
    shop.notify(&event("evt_1", "charge.dispute.created", dispute("warning_needs_response"))).await;
    assert_eq!(kim.credits().await, 5, "an inquiry takes nothing");
    shop.notify(&event("evt_2", "charge.dispute.created", dispute("needs_response"))).await;
    shop.notify(&event("evt_3", "charge.dispute.funds_withdrawn", dispute("needs_response"))).await;
    assert_eq!(kim.credits().await, 0);
    // A refund while it is disputed takes nothing more.
    shop.notify(&event("evt_4", "refund.created", refund("re_1", 350, "succeeded"))).await;
    assert_eq!(kim.credits().await, 0);
    shop.notify(&event("evt_5", "charge.dispute.closed", dispute("won"))).await;
    shop.notify(&event("evt_6", "charge.dispute.funds_reinstated", dispute("won"))).await;
    assert_eq!(kim.credits().await, 3, "all but what was refunded");
}

/// A notification about a dispute, created at this second.
fn dispute_of(created: i64, amount: i64, status: &str, moved: &[i64]) -> Value {
    let transactions: Vec<_> = moved.iter().map(|amount| json!({"amount": amount, "currency": "eur"})).collect();
    let mut object = dispute(status);
    object["amount"] = json!(amount);
    object["balance_transactions"] = json!(transactions);
    let mut event = event(&format!("evt_{created}"), "charge.dispute.created", object);
    event["created"] = json!(created);
    event
}

fn of_type(mut event: Value, kind: &str) -> Value {
    event["type"] = json!(kind);
    event
}

async fn an_inquiry_that_escalates_takes_the_amount_that_is_withdrawn(shop: TestShop) {
    let (kim, _) = paid(&shop).await;
    let inquiry = dispute_of(1, 300, "warning_needs_response", &[]);
    let withdrawn = of_type(dispute_of(2, 699, "needs_response", &[-699]), "charge.dispute.funds_withdrawn");
    shop.notify(&inquiry).await;
    assert_eq!(kim.credits().await, 5);
    for _ in 0..2 {
        shop.notify(&withdrawn).await;
        assert_eq!(kim.credits().await, 0);
    }
}

async fn an_open_dispute_is_corrected_up_and_down(shop: TestShop) {
    let (kim, order) = paid(&shop).await;
    let corrected =
        |created, amount| of_type(dispute_of(created, amount, "needs_response", &[]), "charge.dispute.funds_withdrawn");
    for (created, amount, left) in [(2, 350, 3), (3, 699, 0), (4, 350, 3), (1, 140, 3), (5, 699, 0)] {
        shop.notify(&corrected(created, amount)).await;
        assert_eq!(kim.credits().await, left, "{amount} cents, told at {created}");
    }
    let path = format!("/billing/purchases/{}", order["purchase_id"].as_str().unwrap());
    let entries = kim.get(&path).await.json()["entries"].clone();
    let credits: Vec<_> = entries.as_array().unwrap().iter().map(|entry| entry["credits"].as_i64().unwrap()).collect();
    assert_eq!(credits, [5, -2, -3, 3, -3], "each correction is one entry");
}

async fn a_dispute_reinstated_in_part_gives_back_that_part(shop: TestShop) {
    let (kim, order) = paid(&shop).await;
    let told = |event, kind| of_type(event, &format!("charge.dispute.{kind}"));
    shop.notify(&told(dispute_of(1, 699, "needs_response", &[-699]), "funds_withdrawn")).await;
    shop.notify(&told(dispute_of(2, 699, "won", &[-699, 300]), "funds_reinstated")).await;
    assert_eq!(kim.credits().await, 3, "3.99 of 6.99 are with the bank");
    let receipt = kim.get(&format!("/purchases/{}", order["purchase_id"].as_str().unwrap())).await.text();
    assert!(receipt.contains("3,99") && receipt.contains("3,00"), "{receipt}");
}

async fn a_refund_that_is_told_before_its_payment_is_booked_with_it(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    shop.notify(&event("evt_1", "charge.refunded", charge(699))).await;
    assert_eq!(kim.credits().await, 0);
    shop.notify(&completed("evt_2", &order, 699)).await;
    shop.work_off_events().await;
    assert_eq!(kim.credits().await, 0);
    assert_eq!(kim.purchases().await[0]["status"], "REFUNDED");
}

async fn a_refund_or_an_event_of_the_wrong_mode_touches_no_other_tenant(shop: TestShop) {
    let (kim, _) = paid(&shop).await;
    let lee = shop.customer("lee@example.com").await;
    lee.buy("credits_10").await;
    shop.notify(&event("evt_1", "refund.created", refund("re_1", 699, "succeeded"))).await;
    assert_eq!((kim.credits().await, lee.credits().await), (0, 10));
    // A live event in a test shop needs attention, and changes no balance.
    let mut wrong_mode = charge(100);
    wrong_mode["livemode"] = json!(true);
    shop.notify(&event("evt_2", "charge.refunded", wrong_mode)).await;
    assert_eq!((kim.credits().await, lee.credits().await), (0, 10));
    let odd = shop.stores.store.events(Some(EventStatus::Attention), 10).await.unwrap();
    assert_eq!(odd.iter().map(|event| event.provider_event_id.as_str()).collect::<Vec<_>>(), ["evt_2"]);
}

/// The expected reason to ignore an event of this type. All recorded events are from other shops.
fn reason_to_ignore(file: &str) -> &'static str {
    let kind = file.split("__").next().unwrap();
    if kind.starts_with("checkout.session.completed-setup_mode") {
        return "not a checkout session in payment mode";
    }
    if kind.starts_with("checkout.session.") {
        return "not a checkout session of this shop";
    }
    let reversal_event_types = ["charge.refund", "refund.", "charge.dispute."];
    if reversal_event_types.iter().any(|prefix| kind.starts_with(prefix)) {
        return "no purchase of this shop has that payment";
    }
    "not a type of event that the shop acts upon"
}

async fn every_recorded_event_of_another_shop_is_ignored_for_its_reason(shop: TestShop) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stripe-events");
    let mut sent = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        // Several recorded events have the same id.
        let mut event: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        event["id"] = json!(format!("evt_{}", sent.len()));
        let answer = shop.notify(&event).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}: {}", answer.text());
        sent.push(file);
    }
    assert_eq!(sent.len(), 34);
    shop.work_off_events().await;
    for (n, file) in sent.iter().enumerate() {
        let event = shop.stores.store.event(&format!("evt_{n}")).await.unwrap().unwrap();
        assert_eq!((event.status, event.note.as_str()), (EventStatus::Ignored, reason_to_ignore(file)), "{file}");
    }
}
