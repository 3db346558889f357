//! What an operator does by hand.

use axum::http::StatusCode;
use server::operator;

use crate::{customer::completed, shop::TestShop};

on_both_databases!(a_replay_says_what_became_of_the_event_and_why_it_did_not_apply);

async fn a_replay_says_what_became_of_the_event_and_why_it_did_not_apply(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for (event, product, amount) in [("evt_wrong", "credits_1", 1), ("evt_right", "credits_5", 699)] {
        let order = kim.order(product).await;
        assert_eq!(shop.notify(&completed(event, &order, amount)).await.status, StatusCode::OK);
    }
    let worker = shop.worker();
    let replay = async |event| operator::replay_event(&worker, event).await.unwrap();
    assert_eq!(replay("evt_right").await, "evt_right checkout.session.completed: Applied\n");
    let wrong = replay("evt_wrong").await;
    let why = wrong.strip_prefix("evt_wrong checkout.session.completed: Attention, ");
    assert!(why.is_some_and(|why| why.contains("amount")), "{wrong}");
    assert_eq!(replay("evt_other").await, "There is no event evt_other; `server events list` shows which there are.\n");
    assert_eq!(kim.credits().await, 5, "and nothing is booked twice");
}
