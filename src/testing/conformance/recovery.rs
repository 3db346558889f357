//! Refunds, disputes and recovery.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{apply, balance, bare, credits, insert, outcome, settled, stored};
use crate::{
    event::{EventStatus, NewEvent},
    purchase::Purchase,
    reversal::{DisputeSnapshot, DisputeState, ObservedAt, RefundSnapshot, RefundState, Snapshot},
    store::{Change, Recorded},
    testing::{AnyStore, harness::Harness},
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn refund(provider_ref: &str) -> Snapshot {
    let provider_ref = provider_ref.to_owned();
    Snapshot::Refund(RefundSnapshot {
        provider_ref,
        amount: 140,
        state: RefundState::Standing,
        made_at: Some(1_767_225_600),
    })
}

async fn recorded(harness: &Harness, provider_event_id: &str) -> NewEvent {
    let event = harness.event(provider_event_id);
    assert_eq!(harness.store.record_event(&event).await.ok(), Some(Recorded::New));
    event
}

fn dispute(amount: i64, withdrawn: i64, state: DisputeState) -> Snapshot {
    Snapshot::Dispute(DisputeSnapshot { withdrawn, ..DisputeSnapshot::new("dp_1".to_owned(), amount, state) })
}

/// A change that books the postings of the snapshots.
fn reversal(harness: &Harness, paid: &Purchase, snapshots: &[Snapshot]) -> Change {
    let mut back = paid.clone();
    let now = harness.now();
    let postings = back.reversals.record_and_post(snapshots, ObservedAt::new(now, now), paid.sold());
    let entries = postings.into_iter().map(|posting| crate::ledger::NewEntry {
        kind: posting.kind,
        effect_ref: posting.effect_ref,
        credits: posting.credits,
        ..harness.entry(paid)
    });
    Change { entries: entries.collect(), ..bare(back) }
}

pub async fn refunds_and_disputes_are_read_back_as_they_were_written(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store, 1).await;
    let paid = settled(&harness).await;
    let change = reversal(&harness, &paid, &[refund("re_1"), refund("re_2")]);
    assert_eq!(change.entries.len(), 2, "both are booked, in one change");
    let written = apply(&harness, change).await;
    assert_eq!(stored(&harness, &written).await, written);
    assert_eq!(balance(&harness, paid.tenant_id).await, credits(3, 3));
}

pub async fn a_corrected_dispute_is_booked_by_its_difference(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store, 1).await;
    let mut purchase = settled(&harness).await;
    for ((amount, withdrawn, state, left), seq) in [
        (350, 350, DisputeState::Withdrawn, 3),
        (699, 699, DisputeState::Withdrawn, 0),
        (350, 350, DisputeState::Withdrawn, 3),
        (699, 699, DisputeState::Withdrawn, 0),
        (699, 399, DisputeState::Reinstated, 3),
        (699, 0, DisputeState::Reinstated, 5),
    ]
    .into_iter()
    .zip(2..)
    {
        let change = reversal(&harness, &purchase, &[dispute(amount, withdrawn, state)]);
        purchase = apply(&harness, change).await;
        assert_eq!(stored(&harness, &purchase).await, purchase);
        assert_eq!(balance(&harness, purchase.tenant_id).await, credits(left, seq), "{withdrawn} of {amount}");
    }
}

pub async fn a_payment_finds_its_purchase(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    assert_eq!(store.locate_payment("pi_1").await.ok(), Some(None));
    apply(&harness, bare(Purchase { payment_ref: Some("pi_1".to_owned()), ..purchase.clone() })).await;
    let found = store.locate_payment("pi_1").await.ok();
    assert_eq!(found, Some(Some((purchase.tenant_id, purchase.id))));
    assert_eq!(store.locate_payment("pi_\0").await.ok(), Some(None));
}

pub async fn due_events_are_claimed_by_one_alone(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let event = recorded(&harness, "evt_1").await;
    let finished = recorded(&harness, "evt_2").await;
    store.close_event(&outcome(&finished, EventStatus::Ignored).into()).await.expect("it is there");
    let now = harness.now();
    assert_eq!(
        store.claim_events(now, now + HOUR, 10).await.ok(),
        Some(Vec::new()),
        "the process that stored it has some time to apply it"
    );

    let later = now + HOUR;
    let claimed = store.claim_events(later, later + HOUR, 10).await.expect("the store answers");
    assert_eq!(claimed.iter().map(|event| event.id).collect::<Vec<_>>(), [event.id]);
    assert_eq!((claimed[0].attempts, &claimed[0].payload), (2, &event.incoming.payload));
    assert_eq!(store.claim_events(later, later + HOUR, 10).await.ok(), Some(Vec::new()), "it is leased");
    assert_eq!(store.claim_events(later + HOUR, later + HOUR * 2, 10).await.map(|due| due.len()).ok(), Some(1));

    store.defer_event(event.id, later + HOUR * 9, "not yet").await.expect("it is there");
    assert_eq!(store.claim_events(later + HOUR * 8, later + HOUR * 9, 10).await.ok(), Some(Vec::new()));
    let due = store.claim_events(later + HOUR * 9, later + HOUR * 10, 10).await.expect("the store answers");
    assert_eq!((due[0].note.as_str(), due[0].attempts), ("not yet", 4));
}

pub async fn due_purchases_are_claimed_by_one_alone(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let paid = settled(&harness).await;
    let now = harness.now();
    assert_eq!(store.claim_pending(now, now + HOUR, 10).await.ok(), Some(Vec::new()), "the buyer has a while");
    let pending = store.pending_since(now).await.expect("the store answers");
    assert_eq!(pending, [(purchase.tenant_id, purchase.id)], "and not {}", paid.id);
    assert_eq!(store.pending_since(purchase.created_at).await.ok(), Some(Vec::new()));

    let later = now + HOUR;
    let claimed = store.claim_pending(later, later + HOUR, 10).await.expect("the store answers");
    assert_eq!(claimed, [(purchase.tenant_id, purchase.id)]);
    assert_eq!(store.claim_pending(later, later + HOUR, 10).await.ok(), Some(Vec::new()), "it is leased");
    assert_eq!(store.claim_pending(later + HOUR, later + HOUR, 10).await.map(|due| due.len()).ok(), Some(1));
    // A claim increments the version, so that decisions from before the claim are stale.
    assert_eq!(stored(&harness, &purchase).await.version, 3);
}

pub async fn an_event_can_be_found_again(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let event = recorded(&harness, "evt_1").await;
    let other = recorded(&harness, "evt_2").await;
    store.close_event(&outcome(&other, EventStatus::Attention).into()).await.expect("it is there");
    for id in [event.id.to_string().as_str(), "evt_1"] {
        let found = store.event(id).await.expect("the store answers").expect("it is there");
        assert_eq!(
            (found.id, found.status, found.payload),
            (event.id, EventStatus::Received, event.incoming.payload.clone())
        );
    }
    assert_eq!(store.event("evt_3").await.ok(), Some(None));
    let ids = |found: Vec<crate::event::StoredEvent>| found.into_iter().map(|event| event.id).collect::<Vec<_>>();
    let all = store.events(None, 10).await.expect("the store answers");
    assert_eq!(ids(all), [other.id, event.id], "newest first");
    let odd = store.events(Some(EventStatus::Attention), 10).await.expect("the store answers");
    assert_eq!(ids(odd), [other.id]);
    assert_eq!(store.events(None, 1).await.map(|found| found.len()).ok(), Some(1));
}

pub async fn the_backfill_goes_on_and_never_back(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    assert_eq!(store.backfilled_until().await.ok(), Some(None));
    let now = harness.now();
    for until in [now, now + HOUR, now] {
        store.set_backfilled_until(until).await.expect("the store takes it");
    }
    assert_eq!(store.backfilled_until().await.ok(), Some(Some(now + HOUR)));
}
