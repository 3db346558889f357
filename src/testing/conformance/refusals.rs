//! Changes that break a rule are refused as a whole.

use std::sync::Arc;

use super::{apply, assert_refused, balance, bare, booking, credits, insert, settled, settlement, stored};
use crate::{
    ledger::{EntryKind, NewEntry},
    money::{Credits, Money},
    purchase::{Checkout, FailureReason, Item, Paid, Pending, Purchase, State},
    store::{Change, StoreError},
    testing::{AnyStore, fixtures::checkout, harness::Harness},
};

pub async fn an_effect_is_booked_once(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let paid = settled(&harness).await;
    assert_refused(&harness, &booking(&paid, harness.entry(&paid)), "ledger_entries_effect_key").await;
    let refund = |harness: &Harness| NewEntry {
        kind: EntryKind::Refund,
        effect_ref: "re_1".to_owned(),
        credits: Credits(-1),
        ..harness.entry(&paid)
    };
    let refunded = apply(&harness, booking(&paid, refund(&harness))).await;
    assert_refused(&harness, &booking(&refunded, refund(&harness)), "ledger_entries_effect_key").await;
    // Another effect, under the id of an entry that exists.
    let entries = store.entries(paid.tenant_id, paid.id).await.expect("the store answers");
    let id = entries[0].booked.id;
    let same_id = NewEntry { id, effect_ref: "re_2".to_owned(), ..refund(&harness) };
    assert_refused(&harness, &booking(&refunded, same_id), "ledger_entries_id_key").await;
    assert_eq!(balance(&harness, paid.tenant_id).await, credits(4, 2));
}

pub async fn credits_are_booked_for_what_was_sold_and_paid(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    insert(&harness, &purchase).await;
    assert_refused(&harness, &booking(&purchase, harness.entry(&purchase)), "ledger_entries_sold").await;
    let change = settlement(&harness, &purchase);
    for wrong in [4, 6] {
        let entries = vec![NewEntry { credits: Credits(wrong), ..change.entries[0].clone() }];
        assert_refused(&harness, &Change { entries, ..change.clone() }, "ledger_entries_sold").await;
    }
    let state = purchase.state.fail(FailureReason::Expired, harness.now()).expect("pending");
    let failing = Change { purchase: Purchase { state, ..purchase }, ..change };
    assert_refused(&harness, &failing, "ledger_entries_sold").await;
}

pub async fn an_entry_needs_the_sign_and_reference_of_its_kind(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let paid = settled(&harness).await;
    for (kind, effect_ref, moved, rule) in [
        (EntryKind::Refund, "re_1", 1, "ledger_entries_credits_check"),
        (EntryKind::Dispute, "dp_1", 1, "ledger_entries_credits_check"),
        (EntryKind::RefundReversal, "re_1", -1, "ledger_entries_credits_check"),
        (EntryKind::DisputeReversal, "dp_1", -1, "ledger_entries_credits_check"),
        (EntryKind::Refund, "", -1, "ledger_entries_effect_ref_check"),
        (EntryKind::Purchase, "again", 5, "ledger_entries_effect_ref_check"),
    ] {
        let effect_ref = effect_ref.to_owned();
        let entry = NewEntry { kind, effect_ref, credits: Credits(moved), ..harness.entry(&paid) };
        assert_refused(&harness, &booking(&paid, entry), rule).await;
    }
}

pub async fn a_balance_never_wraps(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let rich = |purchase: Purchase| Purchase {
        item: Item { credits: Credits(i64::MAX), ..purchase.item.clone() },
        ..purchase
    };
    let first = rich(harness.purchase());
    insert(&harness, &first).await;
    apply(&harness, settlement(&harness, &first)).await;
    let second = harness.purchase();
    insert(&harness, &second).await;
    let refused = store.commit(&settlement(&harness, &second)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    assert_eq!(balance(&harness, first.tenant_id).await, credits(i64::MAX, 1));
}

pub async fn a_checkout_session_pays_for_one_purchase_alone(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let first = harness.purchase();
    let second = harness.purchase();
    insert(&harness, &first).await;
    insert(&harness, &second).await;
    let session = checkout(&first);
    let first = apply(&harness, bare(Purchase { checkout: Some(session.clone()), ..first })).await;
    let stolen = Purchase { checkout: Some(session), ..second };
    assert_refused(&harness, &bare(stolen), "purchases_provider_ref_key").await;
    // A purchase cannot change or lose its session either.
    let other = Checkout { provider_ref: "cs_other".to_owned(), url: String::new() };
    for changed in [Some(other), None] {
        assert_refused(&harness, &bare(Purchase { checkout: changed, ..first.clone() }), "purchases_snapshot").await;
    }
}

pub async fn only_the_four_moves_are_written(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let now = harness.now();
    let pending = harness.purchase();
    insert(&harness, &pending).await;
    let paid = settled(&harness).await;
    let state = pending.state.fail(FailureReason::Expired, now).expect("pending");
    let waiting = State::Pending(Pending);
    let failed = harness.purchase();
    insert(&harness, &failed).await;
    let failed = apply(&harness, bare(Purchase { state, ..failed })).await;
    let refunded = settled(&harness).await;
    let gone = refunded.state.refund(now).expect("paid");
    let refunded = apply(&harness, bare(Purchase { state: gone, ..refunded })).await;
    for (from, to) in [(&pending, gone), (&failed, waiting), (&failed, gone)] {
        assert_refused(&harness, &bare(Purchase { state: to, ..from.clone() }), "purchases_move").await;
    }
    // These also erase the time of payment, so that another rule may refuse them first.
    let moves = [(&paid, waiting), (&paid, state), (&refunded, waiting), (&refunded, state), (&refunded, paid.state)];
    for (from, to) in moves {
        let refused = store.commit(&bare(Purchase { state: to, ..from.clone() })).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
}

pub async fn what_was_sold_never_changes(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let paid = settled(&harness).await;
    let item = &paid.item;
    let later = State::Paid(Paid { at: harness.now() });
    assert_refused(&harness, &bare(Purchase { state: later, ..paid.clone() }), "purchases_snapshot").await;
    for changed in [
        Purchase { item: Item { credits: Credits(6), ..item.clone() }, ..paid.clone() },
        Purchase { item: Item { price: Money::eur(1), ..item.clone() }, ..paid.clone() },
        Purchase { item: Item { name: "another".to_owned(), ..item.clone() }, ..paid.clone() },
        Purchase { ordered_by: harness.account().principal.user_id, ..paid.clone() },
    ] {
        // The databases' statement does not write this column, so they ignore the change; the model refuses it. Both
        // are right.
        let before = stored(&harness, &paid).await;
        let outcome = store.commit(&bare(Purchase { version: before.version, ..changed })).await;
        let after = stored(&harness, &paid).await;
        assert_eq!(after, Purchase { version: after.version, ..before }, "{outcome:?}");
    }
}
