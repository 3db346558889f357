//! Generates scenarios.

use jiff::SignedDuration;
use proptest::{collection::vec, option, prelude::*};

use crate::reversal::DisputeState;

/// Rounds that run one after the other.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Whether payments can be retrieved from the provider; otherwise refunds and disputes are only in the events.
    pub(super) provider_shows_books: bool,
    pub(super) rounds: Vec<Round>,
}

#[derive(Clone, Debug)]
pub(super) struct Round {
    /// Time since the round before.
    pub elapsed: SignedDuration,
    /// The provider's actions, which come first.
    pub provider: Vec<ProviderAction>,
    /// Whether the provider's answers are lost during the round.
    pub provider_unavailable: bool,
    /// The shop's actions, which run concurrently; each with the number of polls after which it crashes, if it does.
    pub shop: Vec<(ShopAction, Option<u8>)>,
    /// Which task is polled next ([`Interleaved`](crate::testing::concurrency::Interleaved)).
    pub schedule: Vec<bool>,
}

/// Purchases are named by their index in the list of those that have a session.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProviderAction {
    Pay(usize),
    Promise(usize),
    BreakPromise(usize),
    Expire(usize),
    /// Refunds a share of the payment, in percent.
    Refund(usize, i64),
    FailRefund(usize),
    /// Disputes a share of the payment, in percent.
    Dispute(usize, i64, DisputeState),
    /// The bank keeps a share of the payment, in percent.
    ReinstateInPart(usize, i64),
}

/// Purchases and events are named by their index in the list of all.
#[derive(Clone, Copy, Debug)]
pub(super) enum ShopAction {
    Order { second: bool, key: Option<u8>, product: usize },
    Return(usize),
    Discard(usize),
    Notify(usize),
    RetryEvents,
    CheckPending,
    Backfill,
}

/// Few purchases, so that each gets many actions.
fn purchase() -> impl Strategy<Value = usize> {
    0..4_usize
}

fn provider_action() -> impl Strategy<Value = ProviderAction> {
    let refund = (purchase(), prop_oneof![1 => Just(100_i64), 2 => 1..100_i64]);
    let dispute_state = prop_oneof![
        1 => Just(DisputeState::Inquiry),
        2 => Just(DisputeState::Withdrawn),
        1 => Just(DisputeState::Reinstated),
    ];
    let dispute = (purchase(), prop_oneof![2 => Just(100_i64), 1 => 1..100_i64], dispute_state);
    prop_oneof![
        12 => purchase().prop_map(ProviderAction::Pay),
        1 => purchase().prop_map(ProviderAction::Promise),
        1 => purchase().prop_map(ProviderAction::BreakPromise),
        1 => purchase().prop_map(ProviderAction::Expire),
        6 => refund.prop_map(|(purchase, percent)| ProviderAction::Refund(purchase, percent)),
        2 => purchase().prop_map(ProviderAction::FailRefund),
        4 => dispute.prop_map(|(purchase, percent, state)| ProviderAction::Dispute(purchase, percent, state)),
        1 => (purchase(), 1..100_i64).prop_map(|(purchase, percent)| ProviderAction::ReinstateInPart(purchase, percent)),
    ]
}

fn shop_action() -> impl Strategy<Value = ShopAction> {
    let order = (any::<bool>(), option::of(0..2_u8), 0..4_usize);
    prop_oneof![
        2 => order.prop_map(|(second, key, product)| ShopAction::Order { second, key, product }),
        2 => purchase().prop_map(ShopAction::Return),
        1 => purchase().prop_map(ShopAction::Discard),
        8 => any::<usize>().prop_map(ShopAction::Notify),
        1 => Just(ShopAction::RetryEvents),
        1 => Just(ShopAction::CheckPending),
        1 => Just(ShopAction::Backfill),
    ]
}

fn round() -> impl Strategy<Value = Round> {
    // No time, a short while, longer than the worker waits, and longer than an idempotency key lives.
    let elapsed = prop_oneof![3 => Just(0_i64), 2 => 1..10_i64, 1 => 10..400_i64, 1 => Just(23 * 60_i64)];
    let shop = vec((shop_action(), option::weighted(0.3, 0..25_u8)), 1..6);
    (elapsed, vec(provider_action(), 0..6), prop::bool::weighted(0.15), shop, vec(any::<bool>(), 0..60)).prop_map(
        |(elapsed, provider, provider_unavailable, shop, schedule)| Round {
            elapsed: SignedDuration::from_mins(elapsed),
            provider,
            provider_unavailable,
            shop,
            schedule,
        },
    )
}

/// Any scenario.
pub fn scenarios() -> impl Strategy<Value = Scenario> {
    // Without a purchase, nothing can happen.
    let order = |key| (ShopAction::Order { second: false, key, product: 1 }, None);
    let opening = vec(option::of(0..2_u8), 1..3).prop_map(move |keys| Round {
        elapsed: SignedDuration::ZERO,
        provider: Vec::new(),
        provider_unavailable: false,
        shop: keys.into_iter().map(order).collect(),
        schedule: Vec::new(),
    });
    (any::<bool>(), opening, vec(round(), 1..9)).prop_map(|(provider_shows_books, opening, rest)| {
        let rounds = std::iter::once(opening).chain(rest).collect();
        Scenario { provider_shows_books, rounds }
    })
}
