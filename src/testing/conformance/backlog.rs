//! What waits to be done.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{apply, bare, insert, outcome, settlement};
use crate::{
    event::EventStatus,
    mail::Topic,
    purchase::{FailureReason, Purchase},
    store::Backlog,
    testing::{AnyStore, fixtures::World, fixtures::issuer},
};

async fn backlog(world: &World) -> Backlog {
    world.store.backlog().await.expect("the store answers")
}

pub async fn what_waits_is_counted_and_what_is_done_is_not(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    assert_eq!(backlog(&world).await, Backlog::default());

    // Two orders, the later one in another tenant.
    let other = World { caller: world.another_caller().await, ..world.clone() };
    let first = world.purchase();
    let second = Purchase { created_at: first.created_at + SignedDuration::from_mins(1), ..other.purchase() };
    for purchase in [&second, &first] {
        insert(&world, purchase).await;
    }
    let expected = Backlog { oldest_pending: Some(first.created_at), ..Backlog::default() };
    assert_eq!(backlog(&world).await, expected);

    // One is paid, which owes a receipt and a mail; the other comes to nothing, which owes neither.
    let paid = apply(&world, settlement(&world, &first)).await;
    let expected = Backlog {
        oldest_pending: Some(second.created_at),
        receipts_due: 1,
        mails_due: 1,
        oldest_mail: Some(paid.updated_at),
        ..Backlog::default()
    };
    assert_eq!(backlog(&world).await, expected);
    let state = second.state.fail(FailureReason::Expired, world.now()).expect("pending");
    apply(&world, bare(Purchase { state, ..second })).await;
    assert_eq!(backlog(&world).await, Backlog { oldest_pending: None, ..expected });

    // Put off is still to be sent; given up or sent is not.
    let topic = Topic::Confirmation(paid.tenant_id, paid.id);
    let mails = async |world: &World| {
        let Backlog { mails_due, oldest_mail, .. } = backlog(world).await;
        (mails_due, oldest_mail)
    };
    store.put_off_mail(topic, Some(Timestamp::MAX - SignedDuration::from_hours(48)), "").await.expect("it is owed");
    assert_eq!(mails(&world).await, (1, Some(paid.updated_at)));
    store.put_off_mail(topic, None, "").await.expect("it is owed");
    assert_eq!(mails(&world).await, (0, None));
    store.retry_mails(world.now()).await.expect("it is owed");
    assert_eq!(mails(&world).await, (1, Some(paid.updated_at)));
    store.mail_sent(topic, world.now()).await.expect("it is owed");
    assert_eq!(store.number_receipts(&issuer(), world.now(), 9).await.ok(), Some(1));
    assert_eq!(backlog(&world).await, Backlog::default());

    // Of events, those that are not done, and those that need a person.
    for (id, status) in [
        ("evt_1", None),
        ("evt_2", None),
        ("evt_3", Some(EventStatus::Attention)),
        ("evt_4", Some(EventStatus::Ignored)),
        ("evt_5", Some(EventStatus::Applied)),
    ] {
        let event = world.event(id);
        store.record_event(&event).await.expect("it is stored");
        if let Some(status) = status {
            store.close_event(&outcome(&event, status).into()).await.expect("it is there");
        }
    }
    let expected = Backlog { events_received: 2, events_attention: 1, ..Backlog::default() };
    assert_eq!(backlog(&world).await, expected);
}
