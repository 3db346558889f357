//! The pending work.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{apply, bare, insert, outcome, settlement};
use crate::{
    event::EventStatus,
    mail::Topic,
    purchase::{FailureReason, Purchase},
    store::Backlog,
    testing::{AnyStore, fixtures::issuer, harness::Harness},
};

async fn backlog(harness: &Harness) -> Backlog {
    harness.store.backlog().await.expect("the store answers")
}

pub async fn what_waits_is_counted_and_what_is_done_is_not(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    assert_eq!(backlog(&harness).await, Backlog::default());

    // Two orders, the later one in another tenant.
    let other = Harness { principal: harness.another_principal().await, ..harness.clone() };
    let first = harness.purchase();
    let second = Purchase { created_at: first.created_at + SignedDuration::from_mins(1), ..other.purchase() };
    for purchase in [&second, &first] {
        insert(&harness, purchase).await;
    }
    let expected = Backlog { oldest_pending: Some(first.created_at), ..Backlog::default() };
    assert_eq!(backlog(&harness).await, expected);

    // The first one is paid, so a receipt and a mail are due. The other one fails, so nothing is.
    let paid = apply(&harness, settlement(&harness, &first)).await;
    let expected = Backlog {
        oldest_pending: Some(second.created_at),
        receipts_due: 1,
        mails_due: 1,
        oldest_mail: Some(paid.updated_at),
        ..Backlog::default()
    };
    assert_eq!(backlog(&harness).await, expected);
    let state = second.state.fail(FailureReason::Expired, harness.now()).expect("pending");
    apply(&harness, bare(Purchase { state, ..second })).await;
    assert_eq!(backlog(&harness).await, Backlog { oldest_pending: None, ..expected });

    // A deferred mail is still to be sent; one that was sent or given up is not.
    let topic = Topic::Confirmation(paid.tenant_id, paid.id);
    let mails = async |harness: &Harness| {
        let Backlog { mails_due, oldest_mail, .. } = backlog(harness).await;
        (mails_due, oldest_mail)
    };
    store.put_off_mail(topic, Some(Timestamp::MAX - SignedDuration::from_hours(48)), "").await.expect("it is owed");
    assert_eq!(mails(&harness).await, (1, Some(paid.updated_at)));
    store.put_off_mail(topic, None, "").await.expect("it is owed");
    assert_eq!(mails(&harness).await, (0, None));
    store.retry_mails(harness.now()).await.expect("it is owed");
    assert_eq!(mails(&harness).await, (1, Some(paid.updated_at)));
    store.mail_sent(topic, harness.now()).await.expect("it is owed");
    assert_eq!(store.number_receipts(&issuer(), harness.now(), 9).await.ok(), Some(1));
    assert_eq!(backlog(&harness).await, Backlog::default());

    // Events count if they are not applied yet, or need attention.
    for (id, status) in [
        ("evt_1", None),
        ("evt_2", None),
        ("evt_3", Some(EventStatus::Attention)),
        ("evt_4", Some(EventStatus::Ignored)),
        ("evt_5", Some(EventStatus::Applied)),
    ] {
        let event = harness.event(id);
        store.record_event(&event).await.expect("it is stored");
        if let Some(status) = status {
            store.close_event(&outcome(&event, status).into()).await.expect("it is there");
        }
    }
    let expected = Backlog { events_received: 2, events_attention: 1, ..Backlog::default() };
    assert_eq!(backlog(&harness).await, expected);
}
