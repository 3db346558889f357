//! Changes that arrive together.

use std::sync::Arc;

use futures::{FutureExt, future::join_all};

use super::{arriving, balance, bare, credits, insert, outcome, settlement, stored, webhooks};
use crate::{
    account::Principal,
    event::{ClosedEvent, EventStatus},
    ledger::{Entry, EntryKind},
    mail::Topic,
    money::Credits,
    purchase::{FailureReason, Purchase, Status},
    store::{Change, Committed, StoreError},
    testing::{AnyStore, harness::Harness},
};

/// Commits changes at the same instant.
async fn commit_all(harness: &Harness, changes: &[Change]) -> Vec<Result<Committed, StoreError>> {
    join_all(changes.iter().map(|change| harness.store.commit(change))).await
}

fn all_written(outcomes: &[Result<Committed, StoreError>]) -> bool {
    outcomes.iter().all(|outcome| matches!(outcome, Ok(Committed::Yes)))
}

/// Inserts purchases of one buyer.
async fn ordered(harness: &Harness, buyer: &Principal, count: usize) -> Vec<Purchase> {
    let mut purchases = Vec::new();
    for _ in 0..count {
        let purchase = harness.purchase_of(buyer, None);
        insert(harness, &purchase).await;
        purchases.push(purchase);
    }
    purchases
}

/// The change that settles a purchase by an event that arrives.
fn settlement_by(harness: &Harness, purchase: &Purchase, provider_event_id: &str) -> Change {
    let event = Some(arriving(&harness.event(provider_event_id), EventStatus::Applied));
    Change { event, ..settlement(harness, purchase) }
}

fn failed(harness: &Harness, purchase: &Purchase) -> Change {
    let state = purchase.state.fail(FailureReason::Expired, harness.now()).expect("pending");
    bare(Purchase { state, ..purchase.clone() })
}

/// Asserts that everything of a settlement is written, and once.
async fn assert_settled(harness: &Harness, change: &Change) {
    let Purchase { tenant_id, id, .. } = change.purchase;
    let written = Purchase { version: change.purchase.version + 1, ..change.purchase.clone() };
    assert_eq!(stored(harness, &written).await, written);
    let entries = harness.store.entries(tenant_id, id).await.expect("the store answers");
    let booked: Vec<_> = entries.into_iter().map(|entry| entry.booked).collect();
    assert_eq!(booked, change.entries);
    let mail = harness.store.mail(Topic::Confirmation(tenant_id, id)).await.expect("the store answers");
    assert!(mail.is_some(), "the confirmation is owed");
    if let Some(ClosedEvent { outcome, .. }) = &change.event {
        let event = harness.store.event(&outcome.id.to_string()).await.expect("the store answers");
        assert_eq!(event.map(|event| event.status), Some(EventStatus::Applied));
    }
}

pub async fn changes_of_many_tenants_at_the_same_instant_are_each_written_whole(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let to = webhooks::endpoint(&harness, None).await.id;
    let mut settlements = Vec::new();
    let mut failures = Vec::new();
    let mut tenants = Vec::new();
    // One tenant with many purchases, and four with some.
    for count in [40, 5, 5, 5, 5] {
        let buyer = harness.another_principal().await;
        for (number, purchase) in ordered(&harness, &buyer, count).await.iter().enumerate() {
            let provider_event_id = format!("evt_{}", purchase.id);
            let change = if number % 2 == 0 {
                settlement_by(&harness, purchase, &provider_event_id)
            } else {
                // By an event that is stored already.
                let event = harness.event(&provider_event_id);
                store.record_event(&event).await.expect("the store takes an event");
                let closed = ClosedEvent { outcome: outcome(&event, EventStatus::Applied), arriving: None };
                Change { event: Some(closed), ..settlement(&harness, purchase) }
            };
            settlements.push(change);
        }
        let expired = ordered(&harness, &buyer, 2).await;
        failures.extend(expired.iter().map(|purchase| failed(&harness, purchase)));
        tenants.push((buyer.tenant_id, i64::try_from(count).expect("a few")));
    }
    // In no order, and those that book nothing among those that do.
    settlements.sort_by_key(|change| change.entries[0].id.to_string().chars().rev().collect::<String>());
    let mut changes = settlements.clone();
    for (failure, at) in failures.iter().zip((0..).step_by(5)) {
        changes.insert(at, failure.clone());
    }
    let outcomes = commit_all(&harness, &changes).await;
    assert!(all_written(&outcomes), "{outcomes:?}");
    for change in &settlements {
        assert_settled(&harness, change).await;
    }
    for change in &failures {
        assert_eq!(stored(&harness, &change.purchase).await.status(), Status::Failed);
    }
    for (tenant, count) in tenants {
        assert_eq!(balance(&harness, tenant).await, credits(5 * count, count));
        harness.unbroken_ledger(tenant).await;
    }
    let mut owed: Vec<_> = webhooks::owed(&harness).await;
    owed.retain(|delivery| delivery.endpoint_id == to);
    assert_eq!(owed.len(), settlements.len(), "each entry owes a webhook of its own");
}

pub async fn a_stale_and_a_refused_change_harm_none_that_arrive_with_them(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let mut purchases = ordered(&harness, &harness.principal, 6).await;
    purchases.extend(ordered(&harness, &other, 6).await);
    let mut changes: Vec<_> =
        purchases.iter().map(|purchase| settlement_by(&harness, purchase, &format!("evt_{}", purchase.id))).collect();
    // Of each tenant one, in the midst of the others.
    let (stale, refused) = ([2, 8], [3, 9]);
    for at in stale {
        changes[at].purchase.version = 7;
    }
    for at in refused {
        changes[at].entries[0].credits = Credits(500);
    }
    for (at, outcome) in commit_all(&harness, &changes).await.into_iter().enumerate() {
        let change = &changes[at];
        if stale.contains(&at) || refused.contains(&at) {
            match outcome {
                Ok(Committed::Stale) => assert!(stale.contains(&at), "{at}"),
                Err(StoreError::Refused(rule)) => {
                    assert!(refused.contains(&at) && rule == "ledger_entries_sold", "{at}");
                }
                _ => panic!("{at}: {outcome:?}"),
            }
            assert_eq!(stored(&harness, &purchases[at]).await, purchases[at], "nothing of it is written");
            let event = store.event(&format!("evt_{}", purchases[at].id)).await.expect("the store answers");
            assert!(event.is_none(), "nothing of it is written");
            let mail = store.mail(Topic::Confirmation(change.purchase.tenant_id, change.purchase.id)).await;
            assert!(mail.expect("the store answers").is_none(), "nothing of it is written");
        } else {
            assert_eq!(outcome.ok(), Some(Committed::Yes), "{at}");
            assert_settled(&harness, change).await;
        }
    }
    for tenant in [harness.principal.tenant_id, other.tenant_id] {
        assert_eq!(balance(&harness, tenant).await, credits(20, 4));
        harness.unbroken_ledger(tenant).await;
    }
}

pub async fn of_changes_of_one_purchase_at_the_same_instant_one_is_written(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchases = ordered(&harness, &harness.principal, 3).await;
    let [first, contested, last] = [0, 1, 2].map(|at| settlement(&harness, &purchases[at]));
    let again = settlement_by(&harness, &purchases[1], "evt_1");
    let failure = failed(&harness, &purchases[1]);
    let outcomes = commit_all(&harness, &[first, contested, again, failure, last]).await;
    let written: Vec<_> = outcomes.into_iter().map(|outcome| outcome.expect("no rule is broken")).collect();
    assert_eq!((written[0], written[4]), (Committed::Yes, Committed::Yes));
    let of_one = written[1..4].iter().filter(|committed| **committed == Committed::Yes).count();
    assert_eq!(of_one, 1, "{written:?}");
    assert_eq!(stored(&harness, &purchases[1]).await.version, 2);
    let entries = harness.unbroken_ledger(harness.principal.tenant_id).await;
    assert!((2..=3).contains(&entries.len()), "at most one entry for each purchase");
}

pub async fn one_event_in_changes_at_the_same_instant_is_stored_once(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchases = ordered(&harness, &harness.principal, 3).await;
    let changes = [(0, "evt_1"), (0, "evt_1"), (1, "evt_2"), (2, "evt_2")]
        .map(|(at, event)| settlement_by(&harness, &purchases[at], event));
    let outcomes = commit_all(&harness, &changes).await;
    let written = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Committed::Yes))).count();
    let stale = outcomes.iter().filter(|outcome| matches!(outcome, Ok(Committed::Stale))).count();
    assert_eq!((written, stale), (3, 1), "{outcomes:?}");
    assert_eq!(balance(&harness, harness.principal.tenant_id).await, credits(15, 3));
    let events = store.events(None, 10).await.expect("the store answers");
    let mut ids: Vec<_> = events.iter().map(|event| (event.provider_event_id.as_str(), event.status)).collect();
    ids.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(ids, [("evt_1", EventStatus::Applied), ("evt_2", EventStatus::Applied)]);
}

pub async fn a_caller_that_gives_up_takes_nothing_from_those_beside_it(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchases = ordered(&harness, &harness.principal, 5).await;
    let changes: Vec<_> = purchases.iter().map(|purchase| settlement(&harness, purchase)).collect();
    let (given_up, others) = changes.split_first().expect("five changes");
    let at_once = store.commit(given_up).now_or_never();
    assert!(at_once.is_none(), "no store commits without waiting");
    let outcomes = commit_all(&harness, others).await;
    assert!(all_written(&outcomes), "{outcomes:?}");
    for change in others {
        assert_settled(&harness, change).await;
    }
    // It is written whole or not at all, and can be tried again.
    store.commit(given_up).await.expect("no rule is broken");
    assert_settled(&harness, given_up).await;
    let ledger = harness.unbroken_ledger(harness.principal.tenant_id).await;
    let kinds: Vec<_> = ledger.iter().map(|Entry { booked, .. }| booked.kind).collect();
    assert_eq!(kinds, [EntryKind::Purchase; 5]);
}
