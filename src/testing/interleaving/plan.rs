//! What can happen.

use proptest::{collection::vec, option, prelude::*};

/// Rounds, one after the other.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) rounds: Vec<Round>,
}

#[derive(Clone, Debug)]
pub(super) struct Round {
    /// At the provider, before the round.
    pub before: Vec<Act>,
    /// Whether the provider's answers get lost during the round.
    pub provider_unavailable: bool,
    /// In the shop, all at once.
    pub steps: Vec<Step>,
    /// Who is let go on, turn by turn.
    pub schedule: Vec<bool>,
}

/// A purchase is meant by its place in the list of all.
#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Pay(usize),
    Promise(usize),
    Expire(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Order { second: bool, key: Option<u8>, product: usize },
    Come { purchase: usize, visit: Visit, foreign: bool },
    Notify { purchase: usize, news: News, repeat: u8 },
}

/// What a buyer comes for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    Return,
    Discard,
}

/// What a notification says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Paid,
    Unpaid,
    Expired,
    PaymentFailed,
    WrongAmount,
    WrongCurrency,
    WrongLivemode,
    WrongSession,
}

/// Few purchases, so that much happens to each.
fn purchase() -> impl Strategy<Value = usize> {
    0..4_usize
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![purchase().prop_map(Act::Pay), purchase().prop_map(Act::Promise), purchase().prop_map(Act::Expire)]
}

fn news() -> impl Strategy<Value = News> {
    prop_oneof![
        4 => Just(News::Paid),
        1 => Just(News::Unpaid),
        2 => Just(News::Expired),
        1 => Just(News::PaymentFailed),
        1 => Just(News::WrongAmount),
        1 => Just(News::WrongCurrency),
        1 => Just(News::WrongLivemode),
        1 => Just(News::WrongSession),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let order = (any::<bool>(), option::of(0..2_u8), 0..2_usize).prop_map(|(second, key, product)| Step::Order {
        second,
        key,
        product,
    });
    let visit = prop_oneof![2 => Just(Visit::Return), 1 => Just(Visit::Discard)];
    let come = (purchase(), visit, prop::bool::weighted(0.1)).prop_map(|(purchase, visit, foreign)| Step::Come {
        purchase,
        visit,
        foreign,
    });
    let notify =
        (purchase(), news(), 0..2_u8).prop_map(|(purchase, news, repeat)| Step::Notify { purchase, news, repeat });
    prop_oneof![2 => order, 3 => come, 4 => notify]
}

fn round() -> impl Strategy<Value = Round> {
    (vec(act(), 0..2), prop::bool::weighted(0.15), vec(step(), 1..6), vec(any::<bool>(), 0..60)).prop_map(
        |(before, provider_unavailable, steps, schedule)| Round { before, provider_unavailable, steps, schedule },
    )
}

/// Any plan.
pub fn plans() -> impl Strategy<Value = Plan> {
    // Without a purchase, nothing can happen.
    let opening = (vec(option::of(0..2_u8), 1..3)).prop_map(|keys| Round {
        before: Vec::new(),
        provider_unavailable: false,
        steps: keys.into_iter().map(|key| Step::Order { second: false, key, product: 0 }).collect(),
        schedule: Vec::new(),
    });
    (opening, vec(round(), 1..6)).prop_map(|(opening, rest)| {
        let rounds = std::iter::once(opening).chain(rest).collect();
        Plan { rounds }
    })
}
