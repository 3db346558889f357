//! What can happen.

use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*};

use crate::reversal::DisputeState;

/// Rounds, one after the other.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whether the provider can be asked what went back of a payment, or events must speak for themselves.
    pub(super) provider_shows_books: bool,
    pub(super) rounds: Vec<Round>,
}

#[derive(Clone, Debug)]
pub(super) struct Round {
    /// How much later than the one before.
    pub pause: SignedDuration,
    /// At the provider, before the round.
    pub before: Vec<Act>,
    /// Whether the provider's answers get lost during the round.
    pub provider_unavailable: bool,
    /// In the shop, all at once; each with how many turns it gets before it crashes, if it does.
    pub steps: Vec<(Step, Option<u8>)>,
    /// Who is let go on, turn by turn.
    pub schedule: Vec<bool>,
}

/// A purchase is meant by its place in the list of those that have a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Pay(usize),
    Promise(usize),
    BreakPromise(usize),
    Expire(usize),
    /// That much of it, in percent.
    Refund(usize, i64),
    FailRefund(usize),
    /// About that much of it, in percent.
    Dispute(usize, i64, DisputeState),
    /// The bank keeps that much of it, in percent.
    ReinstateInPart(usize, i64),
}

/// A purchase or an event is meant by its place in the list of all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Order { second: bool, key: Option<u8>, product: usize },
    Return(usize),
    Discard(usize),
    Tell(usize),
    RetryEvents,
    CheckPending,
    Backfill,
}

/// Few purchases, so that much happens to each.
fn purchase() -> impl Strategy<Value = usize> {
    0..4_usize
}

fn act() -> impl Strategy<Value = Act> {
    let refund = (purchase(), prop_oneof![1 => Just(100_i64), 2 => 1..100_i64]);
    let dispute_state = prop_oneof![
        1 => Just(DisputeState::Inquiry),
        2 => Just(DisputeState::Withdrawn),
        1 => Just(DisputeState::Reinstated),
    ];
    let dispute = (purchase(), prop_oneof![2 => Just(100_i64), 1 => 1..100_i64], dispute_state);
    prop_oneof![
        12 => purchase().prop_map(Act::Pay),
        1 => purchase().prop_map(Act::Promise),
        1 => purchase().prop_map(Act::BreakPromise),
        1 => purchase().prop_map(Act::Expire),
        6 => refund.prop_map(|(purchase, percent)| Act::Refund(purchase, percent)),
        2 => purchase().prop_map(Act::FailRefund),
        4 => dispute.prop_map(|(purchase, percent, state)| Act::Dispute(purchase, percent, state)),
        1 => (purchase(), 1..100_i64).prop_map(|(purchase, percent)| Act::ReinstateInPart(purchase, percent)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let order = (any::<bool>(), option::of(0..2_u8), 0..4_usize);
    prop_oneof![
        2 => order.prop_map(|(second, key, product)| Step::Order { second, key, product }),
        2 => purchase().prop_map(Step::Return),
        1 => purchase().prop_map(Step::Discard),
        8 => any::<usize>().prop_map(Step::Tell),
        1 => Just(Step::RetryEvents),
        1 => Just(Step::CheckPending),
        1 => Just(Step::Backfill),
    ]
}

fn round() -> impl Strategy<Value = Round> {
    // Nothing, a while, past what the worker waits, and past the life of an order's key.
    let pause = prop_oneof![3 => Just(0_i64), 2 => 1..10_i64, 1 => 10..400_i64, 1 => Just(23 * 60_i64)];
    let steps = vec((step(), option::weighted(0.3, 0..25_u8)), 1..6);
    (pause, vec(act(), 0..6), prop::bool::weighted(0.15), steps, vec(any::<bool>(), 0..60)).prop_map(
        |(pause, before, provider_unavailable, steps, schedule)| Round {
            pause: SignedDuration::from_mins(pause),
            before,
            provider_unavailable,
            steps,
            schedule,
        },
    )
}

/// Any plan.
pub fn plans() -> impl Strategy<Value = Plan> {
    // Without a purchase, nothing can happen.
    let order = |key| (Step::Order { second: false, key, product: 1 }, None);
    let opening = vec(option::of(0..2_u8), 1..3).prop_map(move |keys| Round {
        pause: SignedDuration::ZERO,
        before: Vec::new(),
        provider_unavailable: false,
        steps: keys.into_iter().map(order).collect(),
        schedule: Vec::new(),
    });
    (any::<bool>(), opening, vec(round(), 1..9)).prop_map(|(provider_shows_books, opening, rest)| {
        let rounds = std::iter::once(opening).chain(rest).collect();
        Plan { provider_shows_books, rounds }
    })
}
