//! Payment events.

use std::sync::Arc;

use super::{apply, arriving, bare, insert, outcome, settlement};
use crate::{
    event::{ClosedEvent, EventOutcome, EventStatus, NewEvent},
    purchase::Purchase,
    store::{Change, Committed, Recorded},
    testing::{AnyStore, harness::Harness},
};

pub async fn an_event_is_stored_once_and_finished_once(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let event = harness.event("evt_1");
    assert_eq!(store.record_event(&event).await.ok(), Some(Recorded::New));
    let again = harness.event("evt_1");
    let known = |status| Some(Recorded::Known { id: event.id, status });
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Received));
    assert_eq!(store.record_event(&harness.event("evt_2")).await.ok(), Some(Recorded::New));
    let same_id = NewEvent { id: event.id, ..harness.event("evt_3") };
    assert!(store.record_event(&same_id).await.is_err());

    store.close_event(&outcome(&event, EventStatus::Ignored).into()).await.expect("it is there");
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Ignored));
    store.close_event(&outcome(&event, EventStatus::Applied).into()).await.expect("it may yet be applied, by hand");
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Applied));
    store.close_event(&outcome(&event, EventStatus::Attention).into()).await.expect("too late, but no error");
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Applied));
}

pub async fn an_event_that_arrives_is_stored_closed_and_once(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let event = harness.event("evt_1");
    assert!(store.close_event(&arriving(&event, EventStatus::Attention)).await.expect("it is stored"), "it is news");
    let known = |status| Some(Recorded::Known { id: event.id, status });
    assert_eq!(store.record_event(&harness.event("evt_1")).await.ok(), known(EventStatus::Attention));
    let again = harness.event("evt_1");
    assert!(!store.close_event(&arriving(&again, EventStatus::Attention)).await.expect("it is there"), "no news");
    assert!(store.close_event(&arriving(&again, EventStatus::Applied)).await.expect("it may yet be applied"));
    assert!(!store.close_event(&arriving(&again, EventStatus::Ignored)).await.expect("too late, but no error"));
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Applied));

    // If the event is stored already and not applied, the stored one is closed.
    let waiting = harness.event("evt_2");
    assert_eq!(store.record_event(&waiting).await.ok(), Some(Recorded::New));
    assert!(store.close_event(&arriving(&harness.event("evt_2"), EventStatus::Ignored)).await.expect("it is there"));
    let closed = Recorded::Known { id: waiting.id, status: EventStatus::Ignored };
    assert_eq!(store.record_event(&waiting).await.ok(), Some(closed));
}

pub async fn an_event_that_arrives_is_stored_with_the_change_that_it_causes_or_not_at_all(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let (event, again) = (harness.event("evt_1"), harness.event("evt_1"));
    let settled_by =
        |event| Change { event: Some(arriving(event, EventStatus::Applied)), ..settlement(&harness, &purchase) };
    apply(&harness, settled_by(&event)).await;
    let stored = store.event("evt_1").await.expect("the store answers").expect("it is stored");
    assert_eq!((stored.id, stored.status), (event.id, EventStatus::Applied));
    assert_eq!(stored.payload, event.incoming.payload);

    // The change is stale: neither the change nor its event is written.
    let other = harness.event("evt_2");
    assert_eq!(store.commit(&settled_by(&other)).await.ok(), Some(Committed::Stale));
    assert_eq!(store.commit(&settled_by(&again)).await.ok(), Some(Committed::Stale));
    assert_eq!(store.record_event(&other).await.ok(), Some(Recorded::New));

    // A stored event is closed in the same transaction as the change that it causes.
    let second = harness.purchase();
    insert(&harness, &second).await;
    let change = Change {
        event: Some(arriving(&harness.event("evt_2"), EventStatus::Applied)),
        ..settlement(&harness, &second)
    };
    apply(&harness, change).await;
    let known = Recorded::Known { id: other.id, status: EventStatus::Applied };
    assert_eq!(store.record_event(&other).await.ok(), Some(known));
}

pub async fn an_event_keeps_the_purchase_that_it_is_about(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await.tenant_id;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let about = Some((purchase.tenant_id, purchase.id));
    let closed = |event: &NewEvent, status| ClosedEvent {
        outcome: EventOutcome { purchase: about, ..outcome(event, status) },
        arriving: Some(event.clone()),
    };
    let told = async |id| store.event(id).await.expect("the store answers").map(|event| event.purchase);
    // Stored closed, and stored before.
    store.close_event(&closed(&harness.event("evt_1"), EventStatus::Attention)).await.expect("it is stored");
    assert_eq!(told("evt_1").await, Some(about));
    assert_eq!(store.record_event(&harness.event("evt_2")).await.ok(), Some(Recorded::New));
    assert_eq!(told("evt_2").await, Some(None));
    store.close_event(&closed(&harness.event("evt_2"), EventStatus::Attention)).await.expect("it is there");
    assert_eq!(told("evt_2").await, Some(about));
    // With a change: the event is new, or stored already; in both ways.
    let settled_by = |event| Change { event: Some(event), ..settlement(&harness, &purchase) };
    let paid = apply(&harness, settled_by(closed(&harness.event("evt_3"), EventStatus::Applied))).await;
    assert_eq!(told("evt_3").await, Some(about));
    let changed_by = |purchase: &Purchase, event| Change { event: Some(event), ..bare(purchase.clone()) };
    for id in ["evt_4", "evt_5"] {
        assert_eq!(store.record_event(&harness.event(id)).await.ok(), Some(Recorded::New));
    }
    let paid = apply(&harness, changed_by(&paid, closed(&harness.event("evt_4"), EventStatus::Applied))).await;
    assert_eq!(told("evt_4").await, Some(about));
    let stored = store.event("evt_5").await.expect("the store answers").expect("it is there");
    let applied = EventOutcome { id: stored.id, purchase: about, ..outcome(&harness.event(""), EventStatus::Applied) };
    apply(&harness, changed_by(&paid, applied.into())).await;
    assert_eq!(told("evt_5").await, Some(about));
    // A new outcome without a purchase does not erase the known one.
    store.close_event(&arriving(&harness.event("evt_2"), EventStatus::Ignored)).await.expect("it is there");
    assert_eq!(told("evt_2").await, Some(about));
    store.close_event(&arriving(&harness.event("evt_6"), EventStatus::Ignored)).await.expect("it is stored");
    assert_eq!(told("evt_6").await, Some(None));

    let ids = async |tenant, limit| {
        let events = store.tenant_events(tenant, limit).await.expect("the store answers");
        events.into_iter().map(|event| event.provider_event_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(purchase.tenant_id, 9).await, ["evt_5", "evt_4", "evt_3", "evt_2", "evt_1"], "newest first");
    assert_eq!(ids(purchase.tenant_id, 1).await, ["evt_5"]);
    assert_eq!(ids(other, 9).await, [""; 0]);
}

pub async fn an_event_is_finished_with_the_change_that_it_causes(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let event = harness.event("evt_1");
    assert_eq!(store.record_event(&event).await.ok(), Some(Recorded::New));
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let change =
        Change { event: Some(outcome(&event, EventStatus::Applied).into()), ..settlement(&harness, &purchase) };
    apply(&harness, change).await;
    let known = Recorded::Known { id: event.id, status: EventStatus::Applied };
    assert_eq!(store.record_event(&event).await.ok(), Some(known));
}
