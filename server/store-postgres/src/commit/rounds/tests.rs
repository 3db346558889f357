//! Which changes are in one statement.

use std::sync::Arc;

use billing::{
    event::{ClosedEvent, EventOutcome, EventStatus},
    testing::{harness::Harness, memory::MemoryStore},
};

use super::*;

/// A change of a new purchase, with an entry or not, by a payment event or not.
fn change(harness: &Harness, books: bool, event: Option<&str>) -> Change {
    let purchase = harness.purchase();
    let entries = books.then(|| harness.entry(&purchase)).into_iter().collect();
    let event = event.map(|id| {
        let event = harness.event(id);
        let outcome = EventOutcome {
            id: event.id,
            status: EventStatus::Applied,
            note: String::new(),
            at: event.received_at,
            purchase: None,
        };
        ClosedEvent { outcome, arriving: Some(event) }
    });
    Change { purchase, entries, event, outbox: Vec::new() }
}

#[tokio::test]
async fn a_statement_changes_no_row_twice_and_the_later_change_comes_later() {
    let harness = Harness::open(Arc::new(MemoryStore::default()), 1).await;
    let [first, second, third] = [Some("evt_1"), None, Some("evt_1")].map(|event| change(&harness, true, event));
    let stored = ClosedEvent { arriving: None, ..third.event.clone().expect("it has one") };
    let fourth = Change { event: Some(stored), ..change(&harness, true, None) };
    let changes = [first.clone(), second, third, first, fourth];
    assert_eq!(rounds(&changes), [vec![vec![0, 1]], vec![vec![2]], vec![vec![3, 4]]], "3 by its event too");
}

#[tokio::test]
async fn a_statement_is_in_the_order_of_tenants_and_books_entries_in_all_its_changes_or_in_none() {
    let harness = Harness::open(Arc::new(MemoryStore::default()), 1).await;
    let mut changes: Vec<_> = [true, false, true, false, true].map(|books| change(&harness, books, None)).into();
    let earlier = changes[0].purchase.tenant_id;
    changes[0].purchase.tenant_id = harness.another_principal().await.tenant_id;
    assert!(earlier < changes[0].purchase.tenant_id);
    changes.swap(1, 3);
    assert_eq!(rounds(&changes), [[vec![2, 4, 0], vec![3, 1]]]);
}
