//! What goes back takes its share, and no more.

use std::collections::HashSet;

use proptest::{prelude::*, sample::Index};

use super::*;

fn refund(id: u8, amount: i64, state: RefundState) -> Snapshot {
    Snapshot::Refund(RefundSnapshot { provider_ref: format!("re_{id}"), amount, state, made_at: Some(id.into()) })
}

fn dispute(id: u8, amount: i64, state: DisputeState) -> Snapshot {
    Snapshot::Dispute(DisputeSnapshot { provider_ref: format!("dp_{id}"), amount, state, made_at: None })
}

/// A refund's amount is its id's: the provider never changes it.
fn snapshot() -> impl Strategy<Value = Snapshot> {
    let refund_state = prop_oneof![Just(RefundState::Standing), Just(RefundState::Failed)];
    let dispute_state =
        prop_oneof![Just(DisputeState::Inquiry), Just(DisputeState::Withdrawn), Just(DisputeState::Reinstated)];
    prop_oneof![
        (0..4_u8, refund_state).prop_map(|(id, state)| refund(id, 100 + 150 * i64::from(id), state)),
        (0..2_u8, dispute_state).prop_map(|(id, state)| dispute(id, 300 + 399 * i64::from(id), state)),
        (0..=699_i64).prop_map(|amount| Snapshot::RefundedTotal { provider_ref: "ch_1".to_owned(), amount }),
    ]
}

fn sold() -> impl Strategy<Value = Sold> {
    (1..1_000_i64, 1..10_000_i64).prop_map(|(credits, amount)| Sold { credits: Credits(credits), amount })
}

fn total(postings: &[Posting]) -> i64 {
    postings.iter().map(|posting| posting.credits.0).sum()
}

proptest! {
    #[test]
    fn facts_in_any_order_and_repeated_come_to_the_same_end(
        snapshots in proptest::collection::vec(snapshot(), 0..10),
        repeats in proptest::collection::vec(any::<Index>(), 0..6),
        shuffle in any::<u64>(),
        sold in sold(),
    ) {
        let mut straight = Reversals::default();
        for snapshot in &snapshots {
            straight.record(snapshot);
        }
        let mut jumbled = snapshots.clone();
        if !snapshots.is_empty() {
            jumbled.extend(repeats.iter().map(|index| index.get(&snapshots).clone()));
        }
        let mut seed = shuffle;
        for at in (1..jumbled.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            jumbled.swap(at, usize::try_from(seed >> 33).unwrap_or(0) % (at + 1));
        }
        let mut other = Reversals::default();
        let postings = other.record_and_post(&jumbled, sold);
        prop_assert_eq!(straight.withdrawn(sold), other.withdrawn(sold));
        prop_assert_eq!(total(&postings), -other.withdrawn(sold).0);
    }

    #[test]
    fn no_effect_is_posted_twice_and_none_against_its_kind(
        snapshots in proptest::collection::vec(snapshot(), 0..24),
        sold in sold(),
    ) {
        let mut reversals = Reversals::default();
        let postings = reversals.record_and_post(&snapshots, sold);
        let mut keys = HashSet::new();
        for posting in &postings {
            prop_assert!(keys.insert((posting.kind, posting.effect_ref.clone())), "{:?} twice", posting);
            let takes = matches!(posting.kind, EntryKind::Refund | EntryKind::Dispute);
            prop_assert_eq!(takes, posting.credits < Credits(0));
        }
    }

    #[test]
    fn never_more_is_taken_than_was_sold(snapshots in proptest::collection::vec(snapshot(), 0..24), sold in sold()) {
        let mut reversals = Reversals::default();
        for snapshot in &snapshots {
            reversals.record(snapshot);
            let taken = reversals.withdrawn(sold);
            prop_assert!(Credits(0) <= taken && taken <= sold.credits);
        }
    }

    #[test]
    fn facts_learnt_before_the_payment_are_posted_with_it(
        snapshots in proptest::collection::vec(snapshot(), 0..12),
        sold in sold(),
    ) {
        let mut reversals = Reversals::default();
        for snapshot in &snapshots {
            reversals.record(snapshot);
        }
        prop_assert_eq!(total(&reversals.postings(sold)), -reversals.withdrawn(sold).0);
    }

    #[test]
    fn a_receipt_lists_what_was_refunded(snapshots in proptest::collection::vec(snapshot(), 0..24), sold in sold()) {
        let mut reversals = Reversals::default();
        for snapshot in &snapshots {
            reversals.record(snapshot);
        }
        let standing = reversals.returns().into_iter().filter(|listed| listed.kind == ReturnKind::Refund);
        let sum: i64 = standing.map(|listed| listed.amount).sum();
        prop_assert_eq!(sum.min(sold.amount), reversals.refunded(sold));
    }

    #[test]
    fn facts_survive_being_stored(snapshots in proptest::collection::vec(snapshot(), 0..12)) {
        let mut reversals = Reversals::default();
        for snapshot in &snapshots {
            reversals.record(snapshot);
        }
        let stored = serde_json::to_string(&reversals).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let read: Reversals = serde_json::from_str(&stored).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(read, reversals);
    }
}

const FIVE: Sold = Sold { credits: Credits(5), amount: 699 };

fn withdrawn_after(snapshots: &[Snapshot]) -> i64 {
    let mut reversals = Reversals::default();
    -total(&reversals.record_and_post(snapshots, FIVE))
}

#[test]
fn a_partial_refund_takes_the_floor_of_its_share() {
    assert_eq!(withdrawn_after(&[refund(1, 139, RefundState::Standing)]), 0);
    assert_eq!(withdrawn_after(&[refund(1, 140, RefundState::Standing)]), 1);
    let second = [refund(1, 139, RefundState::Standing), refund(2, 1, RefundState::Standing)];
    assert_eq!(withdrawn_after(&second), 1, "the floor is of the sum, not of each");
    assert_eq!(withdrawn_after(&[refund(1, 699, RefundState::Standing)]), 5);
}

#[test]
fn a_failed_refund_gives_back() {
    let snapshots = [refund(1, 699, RefundState::Standing), refund(1, 699, RefundState::Failed)];
    assert_eq!(withdrawn_after(&snapshots), 0);
    let by_figure =
        [Snapshot::RefundedTotal { provider_ref: "ch_1".to_owned(), amount: 699 }, refund(1, 699, RefundState::Failed)];
    assert_eq!(withdrawn_after(&by_figure), 0);
}

#[test]
fn a_refund_during_a_dispute_takes_once_and_stays_taken_when_the_dispute_is_won() {
    let lost = [dispute(1, 699, DisputeState::Withdrawn), refund(1, 350, RefundState::Standing)];
    assert_eq!(withdrawn_after(&lost), 5);
    let won = [&lost[..], &[dispute(1, 699, DisputeState::Reinstated)]].concat();
    assert_eq!(withdrawn_after(&won), 2);
}

#[test]
fn an_inquiry_takes_nothing() {
    assert_eq!(withdrawn_after(&[dispute(1, 699, DisputeState::Inquiry)]), 0);
}
