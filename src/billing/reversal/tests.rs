use std::sync::Arc;

use crate::{
    Order,
    event::IncomingEvent,
    money::Credits,
    reversal::DisputeState,
    testing::{harness::Harness, memory::MemoryStore},
};

/// The notes of the newest events, newest first.
async fn notes(harness: &Harness) -> Vec<String> {
    let events = harness.billing.events(None, 10).await.unwrap();
    events.into_iter().map(|event| event.note).collect()
}

#[tokio::test]
async fn an_event_about_what_is_known_is_noted_as_nothing_new_and_books_nothing() {
    let harness = Harness::open(Arc::new(MemoryStore::default()), 1).await;
    let order = harness.billing.order(&harness.principal, Order::of("credits_5")).await.unwrap();
    harness.provider.set_shows_books(true);
    harness.provider.pay(order.id);
    harness.provider.dispute(order.id, 699, DisputeState::Withdrawn);
    for event in harness.provider.events() {
        harness.billing.receive_event(event).await.unwrap();
    }
    let told = harness.provider.events().pop().unwrap();
    let again = IncomingEvent { provider_event_id: "evt_again".to_owned(), ..told };

    harness.billing.receive_event(again).await.unwrap();

    assert_eq!(notes(&harness).await, ["nothing new", "applied", "applied"]);
    let ledger = harness.unbroken_ledger(order.tenant_id).await;
    let credits: Vec<Credits> = ledger.iter().map(|entry| entry.booked.credits).collect();
    assert_eq!(credits, [Credits(5), Credits(-5)]);
}
