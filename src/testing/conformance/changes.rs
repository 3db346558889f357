//! Changes that are written.

use std::sync::Arc;

use futures::{StreamExt, future::join_all, stream::BoxStream};

use super::{apply, balance, bare, booking, credits, insert, outcome, settled, settlement, stored};
use crate::{
    event::EventStatus,
    ids::TenantId,
    ledger::{Entry, EntryKind, NewEntry},
    money::Credits,
    purchase::{FailureReason, Purchase, Status},
    store::{Change, Committed, Recorded},
    testing::{AnyStore, harness::Harness},
};

pub async fn a_settled_purchase_is_read_back_with_its_entry(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let change = settlement(&harness, &purchase);
    let booked = change.entries[0].clone();
    let paid = apply(&harness, change).await;
    assert_eq!((paid.status(), paid.version), (Status::Paid, 2));
    assert_eq!(stored(&harness, &paid).await, paid);
    let entries = store.entries(paid.tenant_id, paid.id).await.expect("the store answers");
    assert_eq!(entries, [Entry { booked, seq: 1, balance_after: Credits(5) }]);
}

pub async fn a_balance_is_read_from_the_newest_entry(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let tenant = harness.principal.tenant_id;
    assert_eq!(balance(&harness, tenant).await, credits(0, 0));
    for seq in 1..=3 {
        settled(&harness).await;
        assert_eq!(balance(&harness, tenant).await, credits(5 * seq, seq));
    }
}

pub async fn late_money_clears_the_failure(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let state = purchase.state.fail(FailureReason::Expired, harness.now()).expect("pending");
    let failed = apply(&harness, bare(Purchase { state, ..purchase })).await;
    let paid = apply(&harness, settlement(&harness, &failed)).await;
    assert_eq!(stored(&harness, &paid).await, paid);
    assert_eq!(paid.state.failure(), None);
    assert_eq!(balance(&harness, paid.tenant_id).await, credits(5, 1));
}

pub async fn a_purchase_that_ran_out_can_turn_out_to_be_dropped(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store, 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let state = purchase.state.fail(FailureReason::Expired, harness.now()).expect("pending");
    let ran_out = apply(&harness, bare(Purchase { state, ..purchase })).await;
    let state = ran_out.state.fail(FailureReason::Cancelled, harness.now()).expect("ran out");
    let dropped = apply(&harness, bare(Purchase { state, ..ran_out })).await;
    assert_eq!(stored(&harness, &dropped).await, dropped);
}

pub async fn refunds_and_reversals_move_the_balance(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let mut purchase = settled(&harness).await;
    let steps = [
        (EntryKind::Refund, "re_1", -2, 3),
        (EntryKind::Refund, "re_2", -3, 0),
        (EntryKind::RefundReversal, "re_2", 3, 3),
        (EntryKind::Dispute, "dp_1", -3, 0),
        (EntryKind::DisputeReversal, "dp_1", 3, 3),
        (EntryKind::Refund, "re_3", 0, 3),
    ];
    for ((kind, effect_ref, moved, left), seq) in steps.into_iter().zip(2..) {
        let entry =
            NewEntry { kind, effect_ref: effect_ref.to_owned(), credits: Credits(moved), ..harness.entry(&purchase) };
        purchase = apply(&harness, booking(&purchase, entry)).await;
        assert_eq!(balance(&harness, purchase.tenant_id).await, credits(left, seq));
    }
    let state = purchase.state.refund(harness.now()).expect("paid");
    let refunded = apply(&harness, bare(Purchase { state, ..purchase })).await;
    assert_eq!(stored(&harness, &refunded).await, refunded);
    let entries = store.entries(refunded.tenant_id, refunded.id).await.expect("the store answers");
    assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7], "oldest first");
}

pub async fn a_change_made_from_an_outdated_purchase_writes_nothing(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    let event = harness.event("evt_1");
    assert_eq!(store.record_event(&event).await.ok(), Some(Recorded::New));
    let noted = apply(&harness, bare(Purchase { payment_ref: Some("pi_1".to_owned()), ..purchase.clone() })).await;
    let outdated =
        Change { event: Some(outcome(&event, EventStatus::Applied).into()), ..settlement(&harness, &purchase) };
    assert_eq!(store.commit(&outdated).await.ok(), Some(Committed::Stale));
    assert_eq!(stored(&harness, &noted).await, noted);
    assert_eq!(balance(&harness, noted.tenant_id).await, credits(0, 0));
    let known = Recorded::Known { id: event.id, status: EventStatus::Received };
    assert_eq!(store.record_event(&event).await.ok(), Some(known));

    // Of several changes from the same version, one is written.
    let changes: Vec<Change> = (0..8).map(|_| settlement(&harness, &noted)).collect();
    let committed = join_all(changes.iter().map(|change| store.commit(change))).await;
    let written = committed.iter().filter(|committed| matches!(committed, Ok(Committed::Yes))).count();
    let stale = committed.iter().filter(|committed| matches!(committed, Ok(Committed::Stale))).count();
    assert_eq!((written, stale), (1, 7), "{committed:?}");
    assert_eq!(balance(&harness, noted.tenant_id).await, credits(5, 1));
}

pub async fn the_ledger_is_read_newest_first_and_page_by_page(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let mut booked = Vec::new();
    for _ in 0..5 {
        let paid = settled(&harness).await;
        booked.extend(store.entries(paid.tenant_id, paid.id).await.expect("the store answers"));
    }
    booked.reverse();
    let tenant = harness.principal.tenant_id;
    let page = async |limit, before| store.ledger(tenant, limit, before).await.expect("the store answers");
    assert_eq!(page(9, None).await, booked);
    assert_eq!(page(2, None).await, booked[..2]);
    assert_eq!(page(2, Some(booked[1].seq)).await, booked[2..4]);
    assert_eq!(page(9, Some(1)).await, []);
}

pub async fn listeners_hear_whose_purchases_change(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let mut listeners = [store.changes(), store.changes()];
    // Changes can be reported twice, but no tenant is reported without a change.
    let hear = async |listeners: &mut [BoxStream<'static, TenantId>], tenant| {
        for listener in listeners {
            let mut told = listener.next().await;
            while told.is_some_and(|told| told != tenant) {
                told = listener.next().await;
            }
            assert_eq!(told, Some(tenant));
        }
    };
    let foreign = harness.purchase_of(&other, None);
    insert(&harness, &foreign).await;
    hear(&mut listeners, other.tenant_id).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    hear(&mut listeners, harness.principal.tenant_id).await;
    apply(&harness, settlement(&harness, &foreign)).await;
    hear(&mut listeners, other.tenant_id).await;
    apply(&harness, bare(Purchase { payment_ref: Some("pi_1".to_owned()), ..purchase })).await;
    hear(&mut listeners, harness.principal.tenant_id).await;
}

pub async fn the_store_is_ready_once_it_is_migrated(store: Arc<dyn AnyStore>) {
    assert!(store.ready().await.is_ok());
}
