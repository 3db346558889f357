//! The credits that refunds and disputes take.

use std::collections::HashSet;

use jiff::Timestamp;
use proptest::{collection::vec, prelude::*, sample::Index};

use super::*;

fn refund(id: u8, amount: i64, state: RefundState) -> Snapshot {
    Snapshot::Refund(RefundSnapshot { provider_ref: format!("re_{id}"), amount, state, made_at: Some(id.into()) })
}

fn dispute(id: u8, amount: i64, state: DisputeState) -> Snapshot {
    Snapshot::Dispute(DisputeSnapshot::new(format!("dp_{id}"), amount, state))
}

/// A dispute that was reinstated in part.
fn reinstated_in_part(id: u8, amount: i64, withdrawn: i64) -> Snapshot {
    let dispute = DisputeSnapshot::new(format!("dp_{id}"), amount, DisputeState::Reinstated);
    Snapshot::Dispute(DisputeSnapshot { withdrawn, ..dispute })
}

fn at(second: i64) -> ObservedAt {
    let at = Timestamp::from_second(second).unwrap();
    ObservedAt::new(at, at)
}

fn snapshot() -> impl Strategy<Value = Snapshot> {
    let refund_state = prop_oneof![Just(RefundState::Standing), Just(RefundState::Failed)];
    let dispute_state =
        prop_oneof![Just(DisputeState::Inquiry), Just(DisputeState::Withdrawn), Just(DisputeState::Reinstated)];
    prop_oneof![
        (0..4_u8, 1..=699_i64, refund_state).prop_map(|(id, amount, state)| refund(id, amount, state)),
        (0..2_u8, 1..=699_i64, dispute_state).prop_map(|(id, amount, state)| dispute(id, amount, state)),
        (0..2_u8, 1..=699_i64, 0..=100_i64).prop_map(|(id, amount, percent)| reinstated_in_part(
            id,
            amount,
            amount * percent / 100
        )),
        (0..=699_i64).prop_map(|amount| Snapshot::RefundedTotal { provider_ref: "ch_1".to_owned(), amount }),
    ]
}

/// Snapshots with the times of their observation, some of them equal.
fn observations(most: usize) -> impl Strategy<Value = Vec<(Snapshot, ObservedAt)>> {
    vec((snapshot(), (0..6_i64).prop_map(at)), 0..most)
}

fn record(observations: &[(Snapshot, ObservedAt)]) -> Reversals {
    let mut reversals = Reversals::default();
    for (snapshot, observed) in observations {
        reversals.record(snapshot, *observed);
    }
    reversals
}

fn record_and_post(observations: &[(Snapshot, ObservedAt)], sold: Sold) -> (Reversals, Vec<Posting>) {
    let mut reversals = Reversals::default();
    let post = |(snapshot, observed): &(Snapshot, ObservedAt)| {
        reversals.record_and_post(std::slice::from_ref(snapshot), *observed, sold)
    };
    let postings = observations.iter().flat_map(post).collect();
    (reversals, postings)
}

fn sold() -> impl Strategy<Value = Sold> {
    (1..1_000_i64, 1..10_000_i64).prop_map(|(credits, amount)| Sold { credits: Credits(credits), amount })
}

fn total(postings: &[Posting]) -> i64 {
    postings.iter().map(|posting| posting.credits.0).sum()
}

/// A key that two postings share, if there is one.
fn key_used_twice(postings: &[Posting]) -> Option<&Posting> {
    let mut keys = HashSet::new();
    postings.iter().find(|posting| !keys.insert((posting.kind, posting.effect_ref.clone())))
}

proptest! {
    #[test]
    fn snapshots_in_any_order_and_repeated_come_to_the_same_end(
        observations in observations(10),
        repeats in vec(any::<Index>(), 0..6),
        shuffle in any::<u64>(),
        sold in sold(),
    ) {
        let straight = record(&observations);
        let mut jumbled = observations.clone();
        if !observations.is_empty() {
            jumbled.extend(repeats.iter().map(|index| index.get(&observations).clone()));
        }
        let mut seed = shuffle;
        for at in (1..jumbled.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            jumbled.swap(at, usize::try_from(seed >> 33).unwrap_or(0) % (at + 1));
        }
        let (other, postings) = record_and_post(&jumbled, sold);
        prop_assert_eq!(straight.credits_taken(sold), other.credits_taken(sold));
        prop_assert_eq!(total(&postings), -other.credits_taken(sold).0);
    }

    #[test]
    fn no_effect_is_posted_twice_and_none_against_its_kind(observations in observations(24), sold in sold()) {
        let (_, postings) = record_and_post(&observations, sold);
        prop_assert_eq!(key_used_twice(&postings), None);
        for posting in &postings {
            let takes = matches!(posting.kind, EntryKind::Refund | EntryKind::Dispute);
            prop_assert_eq!(takes, posting.credits < Credits(0));
        }
    }

    #[test]
    fn never_more_is_taken_than_was_sold(observations in observations(24), sold in sold()) {
        let mut reversals = Reversals::default();
        for (snapshot, observed) in &observations {
            reversals.record(snapshot, *observed);
            let taken = reversals.credits_taken(sold);
            prop_assert!(Credits(0) <= taken && taken <= sold.credits);
        }
    }

    #[test]
    fn snapshots_from_before_the_payment_are_posted_with_it_and_go_on_after_it(
        before in observations(12),
        after in observations(12),
        sold in sold(),
    ) {
        let mut reversals = record(&before);
        let mut postings = reversals.postings(sold);
        prop_assert_eq!(total(&postings), -reversals.credits_taken(sold).0);
        for (snapshot, observed) in &after {
            postings.extend(reversals.record_and_post(std::slice::from_ref(snapshot), *observed, sold));
        }
        prop_assert_eq!(total(&postings), -reversals.credits_taken(sold).0);
        prop_assert_eq!(key_used_twice(&postings), None);
    }

    #[test]
    fn a_receipt_lists_what_was_refunded_and_what_the_bank_has(observations in observations(24), sold in sold()) {
        let reversals = record(&observations);
        let sum = |kind| -> i64 {
            reversals.returns().iter().filter(|listed| listed.kind == kind).map(|listed| listed.amount).sum()
        };
        let refunded = sum(ReturnKind::Refund).min(sold.amount);
        prop_assert_eq!(refunded, reversals.refunded(sold));
        let gone = (refunded + sum(ReturnKind::Dispute)).min(sold.amount);
        prop_assert_eq!(sold.credits.0 * gone / sold.amount, reversals.credits_taken(sold).0);
        prop_assert!(reversals.returns().iter().all(|listed| listed.amount > 0));
    }

    #[test]
    fn snapshots_survive_being_stored(observations in observations(12)) {
        let reversals = record(&observations);
        let stored = serde_json::to_string(&reversals).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let read: Reversals = serde_json::from_str(&stored).map_err(|e| TestCaseError::fail(e.to_string()))?;
        prop_assert_eq!(read, reversals);
    }
}

const FIVE: Sold = Sold { credits: Credits(5), amount: 699 };

/// The credits taken by snapshots that arrive in this order.
fn taken_after(snapshots: &[Snapshot]) -> i64 {
    let observations: Vec<_> = snapshots.iter().cloned().zip((1..).map(at)).collect();
    -total(&record_and_post(&observations, FIVE).1)
}

#[test]
fn a_partial_refund_takes_the_floor_of_its_share() {
    assert_eq!(taken_after(&[refund(1, 139, RefundState::Standing)]), 0);
    assert_eq!(taken_after(&[refund(1, 140, RefundState::Standing)]), 1);
    let second = [refund(1, 139, RefundState::Standing), refund(2, 1, RefundState::Standing)];
    assert_eq!(taken_after(&second), 1, "the floor is of the sum, not of each");
    assert_eq!(taken_after(&[refund(1, 699, RefundState::Standing)]), 5);
}

#[test]
fn a_failed_refund_gives_back() {
    let snapshots = [refund(1, 699, RefundState::Standing), refund(1, 699, RefundState::Failed)];
    assert_eq!(taken_after(&snapshots), 0);
    let by_figure =
        [Snapshot::RefundedTotal { provider_ref: "ch_1".to_owned(), amount: 699 }, refund(1, 699, RefundState::Failed)];
    assert_eq!(taken_after(&by_figure), 0);
}

#[test]
fn a_refund_during_a_dispute_takes_once_and_stays_taken_when_the_dispute_is_won() {
    let lost = [dispute(1, 699, DisputeState::Withdrawn), refund(1, 350, RefundState::Standing)];
    assert_eq!(taken_after(&lost), 5);
    let won = [&lost[..], &[dispute(1, 699, DisputeState::Reinstated)]].concat();
    assert_eq!(taken_after(&won), 2);
}

#[test]
fn an_inquiry_takes_nothing() {
    assert_eq!(taken_after(&[dispute(1, 699, DisputeState::Inquiry)]), 0);
}

#[test]
fn an_inquiry_that_escalates_takes_what_is_withdrawn() {
    assert_eq!(taken_after(&[dispute(1, 300, DisputeState::Inquiry), dispute(1, 699, DisputeState::Withdrawn)]), 5);
}

#[test]
fn an_open_dispute_is_corrected_up_and_down() {
    let half = dispute(1, 350, DisputeState::Withdrawn);
    let all = dispute(1, 699, DisputeState::Withdrawn);
    assert_eq!(taken_after(&[half.clone(), all.clone()]), 5);
    assert_eq!(taken_after(&[all.clone(), half.clone()]), 2);
    assert_eq!(taken_after(&[half.clone(), all.clone(), half, all]), 5);
}

#[test]
fn a_dispute_that_is_reinstated_in_part_takes_what_the_bank_keeps() {
    let won = [dispute(1, 699, DisputeState::Withdrawn), reinstated_in_part(1, 699, 399)];
    assert_eq!(taken_after(&won), 2);
    let observations: Vec<_> = won.iter().cloned().zip((1..).map(at)).collect();
    let listed = record(&observations).returns().into_iter().map(|listed| (listed.kind, listed.amount));
    assert_eq!(listed.collect::<Vec<_>>(), [(ReturnKind::Dispute, 399), (ReturnKind::DisputeWon, 300)]);
    // Only the partial end is reported, or a higher withdrawal than was known.
    assert_eq!(taken_after(&won[1..]), 2);
    assert_eq!(taken_after(&[dispute(1, 140, DisputeState::Withdrawn), won[1].clone()]), 2);
}

#[test]
fn an_older_amount_that_comes_late_changes_nothing() {
    let mut reversals = Reversals::default();
    reversals.record(&dispute(1, 699, DisputeState::Withdrawn), at(2));
    reversals.record(&dispute(1, 350, DisputeState::Withdrawn), at(1));
    assert_eq!(reversals.credits_taken(FIVE), Credits(5));
}

#[test]
fn of_two_events_of_one_second_the_one_that_came_later_counts() {
    let second = Timestamp::from_second(1).unwrap();
    let came = |second_later| ObservedAt::new(second, Timestamp::from_second(second_later).unwrap());
    let mut reversals = Reversals::default();
    reversals.record(&dispute(1, 350, DisputeState::Withdrawn), came(3));
    reversals.record(&dispute(1, 699, DisputeState::Withdrawn), came(2));
    assert_eq!(reversals.credits_taken(FIVE), Credits(2));
}

/// As stored before snapshots bore the time of their observation: the first amount of an inquiry was kept for good.
#[test]
fn a_dispute_that_was_stored_with_its_first_amount_is_corrected_under_another_key() {
    let stored = r#"{"disputes": [{"provider_ref": "dp_1", "amount": 300, "state": "WITHDRAWN"}]}"#;
    let mut reversals: Reversals = serde_json::from_str(stored).unwrap();
    assert_eq!(reversals.credits_taken(FIVE), Credits(2));
    let postings = reversals.record_and_post(&[dispute(1, 699, DisputeState::Withdrawn)], at(1), FIVE);
    let effect_ref = "dp_1:699@1000000".to_owned();
    assert_eq!(postings, [Posting { kind: EntryKind::Dispute, effect_ref, credits: Credits(-3) }]);
    let postings = reversals.record_and_post(&[dispute(1, 699, DisputeState::Reinstated)], at(2), FIVE);
    assert_eq!(postings[0].effect_ref, "dp_1");
}
