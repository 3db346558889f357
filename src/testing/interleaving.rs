//! Random interleavings of orders, notifications and page visits, checked after each round.
//!
//! A scenario is a list of rounds. The provider's actions come first in a round; the shop's then run concurrently, by
//! the scenario's schedule as far as the store follows it.

mod checker;
mod generator;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::future::BoxFuture;

use checker::{Checker, Outcome};
use generator::{Notification, Page, ProviderAction, ShopAction};
pub use generator::{Scenario, scenarios};

use super::{
    AnyStore,
    concurrency::{Interleaved, Task},
    fixtures,
    harness::Harness,
};
use crate::{
    Order,
    account::Principal,
    catalog::CATALOG,
    event::EventMeaning,
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    purchase::Purchase,
    store::PageRequest,
};

/// Runs a scenario with two customers, and checks the results. Panics when one is wrong.
pub async fn run(store: Arc<dyn AnyStore>, scenario: &Scenario) {
    // One store runs many scenarios, each with ids of its own.
    static SEED: AtomicU64 = AtomicU64::new(1_000);
    let harness = Harness::open(store, SEED.fetch_add(1, Ordering::Relaxed)).await;
    let principals = [harness.principal.clone(), harness.another_principal().await];
    let mut checker = Checker::default();
    for round in &scenario.rounds {
        let purchases = all_purchases(&harness, &principals).await;
        for action in &round.provider {
            act(&harness, &purchases, action);
        }
        harness.provider.set_unavailable(round.provider_unavailable);
        let task = |action| Task { future: begin(&harness, &principals, &purchases, action), polls_left: None };
        let tasks = round.shop.iter().map(task).collect();
        for outcome in Interleaved::new(tasks, round.schedule.iter().copied()).await {
            checker.observe(outcome);
        }
        for principal in &principals {
            checker.check(&harness, principal).await;
        }
    }
}

async fn all_purchases(harness: &Harness, principals: &[Principal]) -> Vec<Purchase> {
    let mut all = Vec::new();
    for principal in principals {
        let page = PageRequest { limit: 1_000, older_than: None };
        all.extend(harness.store.purchases(principal.tenant_id, page).await.expect("the store answers"));
    }
    all.sort_by_key(|purchase| purchase.id);
    all
}

fn pick(purchases: &[Purchase], which: usize) -> Option<&Purchase> {
    purchases.get(which.checked_rem(purchases.len())?)
}

fn act(harness: &Harness, purchases: &[Purchase], action: &ProviderAction) {
    let (ProviderAction::Pay(which) | ProviderAction::Promise(which) | ProviderAction::Expire(which)) = *action;
    let Some(purchase) = pick(purchases, which) else { return };
    match action {
        ProviderAction::Pay(_) => harness.provider.pay(purchase.id),
        ProviderAction::Promise(_) => harness.provider.promise(purchase.id),
        ProviderAction::Expire(_) => harness.provider.expire(purchase.id),
    }
}

/// Begins an action of the shop. Its arguments are read now, before the round's other actions run.
fn begin(
    harness: &Harness,
    principals: &[Principal; 2],
    purchases: &[Purchase],
    action: &ShopAction,
) -> BoxFuture<'static, Outcome> {
    let harness = harness.clone();
    match *action {
        ShopAction::Order { second, key, product } => {
            let principal = principals[usize::from(second)].clone();
            let product_id = CATALOG[product % CATALOG.len()].id;
            Box::pin(async move {
                let order_key = key.map(|key| format!("key-{key}").parse().expect("a good order key"));
                let answer = harness.billing.order(&principal, Order { key: order_key, ..Order::of(product_id) }).await;
                Outcome::Ordered { tenant: principal.tenant_id, key, product_id, answer }
            })
        }
        ShopAction::Visit { purchase, page, foreign } => {
            let Some(purchase) = pick(purchases, purchase).cloned() else { return nothing() };
            let stranger =
                principals.iter().map(|principal| principal.tenant_id).find(|tenant| *tenant != purchase.tenant_id);
            let tenant = stranger.filter(|_| foreign).unwrap_or(purchase.tenant_id);
            let session = harness.provider.session(purchase.id).expect("an order opens a session");
            Box::pin(async move {
                let answer = match page {
                    Page::Return => harness.billing.confirm_checkout(tenant, &session.provider_ref).await,
                    Page::Discard => harness.billing.discard(tenant, purchase.id).await,
                };
                Outcome::Visited { purchase: purchase.id, page, foreign, session, answer }
            })
        }
        ShopAction::Notify { purchase, notification, repeat } => {
            let Some(purchase) = pick(purchases, purchase).cloned() else { return nothing() };
            if notification == Notification::WrongSession && purchase.checkout.is_none() {
                // The shop cannot know yet that this session is the wrong one.
                return nothing();
            }
            // Two events may carry the same news about a purchase, and one event may come twice.
            let id = format!("evt_{}_{notification:?}_{repeat}", purchase.id);
            Box::pin(async move {
                let answer =
                    harness.billing.receive_event(fixtures::incoming(&id, notification.meaning(&purchase))).await;
                Outcome::Notified { purchase: purchase.id, notification, answer }
            })
        }
    }
}

fn nothing() -> BoxFuture<'static, Outcome> {
    Box::pin(async { Outcome::Nothing })
}

impl Notification {
    fn meaning(self, purchase: &Purchase) -> EventMeaning {
        let paid = CheckoutSession {
            provider_ref: fixtures::checkout(purchase).provider_ref,
            purchase_id: Some(purchase.id),
            tenant_id: Some(purchase.tenant_id),
            url: None,
            status: SessionStatus::Complete,
            payment: PaymentStatus::Paid,
            amount_total: Some(purchase.item.price.cents),
            currency: Some("eur".to_owned()),
            livemode: false,
            payment_ref: Some(format!("pi_{}", purchase.id)),
        };
        let unpaid = CheckoutSession { payment: PaymentStatus::Unpaid, ..paid.clone() };
        EventMeaning::Checkout(match self {
            Self::Paid => paid,
            Self::Unpaid => unpaid,
            Self::Expired => CheckoutSession { status: SessionStatus::Expired, payment_ref: None, ..unpaid },
            Self::PaymentFailed => return EventMeaning::PaymentFailed(unpaid),
            Self::WrongAmount => CheckoutSession { amount_total: Some(1), ..paid },
            Self::WrongCurrency => CheckoutSession { currency: Some("usd".to_owned()), ..paid },
            Self::WrongLivemode => CheckoutSession { livemode: true, ..paid },
            Self::WrongSession => CheckoutSession { provider_ref: format!("cs_wrong_{}", purchase.id), ..paid },
        })
    }
}
