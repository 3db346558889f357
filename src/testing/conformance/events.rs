//! Payment events.

use std::sync::Arc;

use super::{apply, insert, outcome, settlement};
use crate::{
    event::{EventStatus, NewEvent},
    store::{Change, Recorded},
    testing::{AnyStore, fixtures::World},
};

pub async fn an_event_is_stored_once_and_finished_once(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    let event = world.event("evt_1");
    assert_eq!(store.record_event(&event).await.ok(), Some(Recorded::New));
    let again = world.event("evt_1");
    let known = |status| Some(Recorded::Known { id: event.id, status });
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Received));
    assert_eq!(store.record_event(&world.event("evt_2")).await.ok(), Some(Recorded::New));
    let same_id = NewEvent { id: event.id, ..world.event("evt_3") };
    assert!(store.record_event(&same_id).await.is_err());

    store.finish_event(&outcome(&event, EventStatus::Ignored)).await.expect("it is there");
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Ignored));
    store.finish_event(&outcome(&event, EventStatus::Applied)).await.expect("it may yet be applied, by hand");
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Applied));
    store.finish_event(&outcome(&event, EventStatus::Attention)).await.expect("too late, but no error");
    assert_eq!(store.record_event(&again).await.ok(), known(EventStatus::Applied));
}

pub async fn an_event_is_finished_with_the_change_that_it_causes(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    let event = world.event("evt_1");
    assert_eq!(store.record_event(&event).await.ok(), Some(Recorded::New));
    let purchase = world.purchase();
    insert(&world, &purchase).await;
    let change = Change { event: Some(outcome(&event, EventStatus::Applied)), ..settlement(&world, &purchase) };
    apply(&world, change).await;
    let known = Recorded::Known { id: event.id, status: EventStatus::Applied };
    assert_eq!(store.record_event(&event).await.ok(), Some(known));
}
