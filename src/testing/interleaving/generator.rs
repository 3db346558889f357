//! Generates scenarios.

use proptest::{collection::vec, option, prelude::*};

/// Rounds that run one after the other.
#[derive(Clone, Debug)]
pub struct Scenario {
    pub(super) rounds: Vec<Round>,
}

#[derive(Clone, Debug)]
pub(super) struct Round {
    /// The provider's actions, which come first.
    pub provider: Vec<ProviderAction>,
    /// Whether the provider's answers are lost during the round.
    pub provider_unavailable: bool,
    /// The shop's actions, which run concurrently.
    pub shop: Vec<ShopAction>,
    /// Which task is polled next ([`Interleaved`](crate::testing::concurrency::Interleaved)).
    pub schedule: Vec<bool>,
}

/// Purchases are named by their index in the list of all.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProviderAction {
    Pay(usize),
    Promise(usize),
    Expire(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum ShopAction {
    Order { second: bool, key: Option<u8>, product: usize },
    Visit { purchase: usize, page: Page, foreign: bool },
    Notify { purchase: usize, notification: Notification, repeat: u8 },
}

/// A page that a buyer visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Return,
    Discard,
}

/// The content of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Notification {
    Paid,
    Unpaid,
    Expired,
    PaymentFailed,
    WrongAmount,
    WrongCurrency,
    WrongLivemode,
    WrongSession,
}

/// Few purchases, so that each gets many actions.
fn purchase() -> impl Strategy<Value = usize> {
    0..4_usize
}

fn provider_action() -> impl Strategy<Value = ProviderAction> {
    prop_oneof![
        purchase().prop_map(ProviderAction::Pay),
        purchase().prop_map(ProviderAction::Promise),
        purchase().prop_map(ProviderAction::Expire)
    ]
}

fn notification() -> impl Strategy<Value = Notification> {
    prop_oneof![
        4 => Just(Notification::Paid),
        1 => Just(Notification::Unpaid),
        2 => Just(Notification::Expired),
        1 => Just(Notification::PaymentFailed),
        1 => Just(Notification::WrongAmount),
        1 => Just(Notification::WrongCurrency),
        1 => Just(Notification::WrongLivemode),
        1 => Just(Notification::WrongSession),
    ]
}

fn shop_action() -> impl Strategy<Value = ShopAction> {
    let order = (any::<bool>(), option::of(0..2_u8), 0..2_usize).prop_map(|(second, key, product)| ShopAction::Order {
        second,
        key,
        product,
    });
    let page = prop_oneof![2 => Just(Page::Return), 1 => Just(Page::Discard)];
    let visit = (purchase(), page, prop::bool::weighted(0.1)).prop_map(|(purchase, page, foreign)| ShopAction::Visit {
        purchase,
        page,
        foreign,
    });
    let notify = (purchase(), notification(), 0..2_u8)
        .prop_map(|(purchase, notification, repeat)| ShopAction::Notify { purchase, notification, repeat });
    prop_oneof![2 => order, 3 => visit, 4 => notify]
}

fn round() -> impl Strategy<Value = Round> {
    (vec(provider_action(), 0..2), prop::bool::weighted(0.15), vec(shop_action(), 1..6), vec(any::<bool>(), 0..60))
        .prop_map(|(provider, provider_unavailable, shop, schedule)| Round {
            provider,
            provider_unavailable,
            shop,
            schedule,
        })
}

/// Any scenario.
pub fn scenarios() -> impl Strategy<Value = Scenario> {
    // Without a purchase, nothing can happen.
    let opening = (vec(option::of(0..2_u8), 1..3)).prop_map(|keys| Round {
        provider: Vec::new(),
        provider_unavailable: false,
        shop: keys.into_iter().map(|key| ShopAction::Order { second: false, key, product: 0 }).collect(),
        schedule: Vec::new(),
    });
    (opening, vec(round(), 1..6)).prop_map(|(opening, rest)| {
        let rounds = std::iter::once(opening).chain(rest).collect();
        Scenario { rounds }
    })
}
