//! Random customers, notifications and return pages, at once and in any order, against a model of what must come out.
//!
//! A plan is a list of rounds. What happens at the provider happens between rounds; what happens to the shop, in one
//! round, happens at the same time, in an order that the plan decides as far as the store lets it.

mod plan;
mod referee;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::future::BoxFuture;

use plan::{Act, News, Step, Visit};
pub use plan::{Plan, plans};
use referee::{Outcome, Referee};

use super::{
    AnyStore,
    at_once::{AtOnce, Running},
    fixtures,
    fixtures::World,
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

/// Plays a plan with two customers of the store, and compares what came of it with what must. Panics when they differ.
pub async fn play(store: Arc<dyn AnyStore>, plan: &Plan) {
    // One store is played upon many times.
    static PLAYED: AtomicU64 = AtomicU64::new(1_000);
    let world = World::open(store, PLAYED.fetch_add(1, Ordering::Relaxed)).await;
    let callers = [world.caller.clone(), world.another_caller().await];
    let mut referee = Referee::default();
    for round in &plan.rounds {
        let purchases = all_purchases(&world, &callers).await;
        for act in &round.before {
            happen(&world, &purchases, act);
        }
        world.provider.set_unavailable(round.provider_unavailable);
        let take = |step| Running { step: take(&world, &callers, &purchases, step), turns_left: None };
        let running = round.steps.iter().map(take).collect();
        for outcome in AtOnce::new(running, round.schedule.iter().copied()).await {
            referee.note(outcome);
        }
        for caller in &callers {
            referee.judge(&world, caller).await;
        }
    }
}

async fn all_purchases(world: &World, callers: &[Principal]) -> Vec<Purchase> {
    let mut all = Vec::new();
    for caller in callers {
        let page = PageRequest { limit: 1_000, older_than: None };
        all.extend(world.store.purchases(caller.tenant_id, page).await.expect("the store answers"));
    }
    all.sort_by_key(|purchase| purchase.id);
    all
}

fn pick(purchases: &[Purchase], which: usize) -> Option<&Purchase> {
    purchases.get(which.checked_rem(purchases.len())?)
}

fn happen(world: &World, purchases: &[Purchase], act: &Act) {
    let (Act::Pay(which) | Act::Promise(which) | Act::Expire(which)) = *act;
    let Some(purchase) = pick(purchases, which) else { return };
    match act {
        Act::Pay(_) => world.provider.pay(purchase.id),
        Act::Promise(_) => world.provider.promise(purchase.id),
        Act::Expire(_) => world.provider.expire(purchase.id),
    }
}

/// Begins a step; what it is about is decided now, before the others of its round.
fn take(world: &World, callers: &[Principal; 2], purchases: &[Purchase], step: &Step) -> BoxFuture<'static, Outcome> {
    let world = world.clone();
    match *step {
        Step::Order { second, key, product } => {
            let caller = callers[usize::from(second)].clone();
            let product_id = CATALOG[product % CATALOG.len()].id;
            Box::pin(async move {
                let order_key = key.map(|key| format!("key-{key}").parse().expect("a good order key"));
                let answer = world.billing.order(&caller, Order { key: order_key, ..Order::of(product_id) }).await;
                Outcome::Ordered { tenant: caller.tenant_id, key, product_id, answer }
            })
        }
        Step::Come { purchase, visit, foreign } => {
            let Some(purchase) = pick(purchases, purchase).cloned() else { return nothing() };
            let stranger = callers.iter().map(|caller| caller.tenant_id).find(|tenant| *tenant != purchase.tenant_id);
            let tenant = stranger.filter(|_| foreign).unwrap_or(purchase.tenant_id);
            let session = world.provider.session(purchase.id).expect("whoever orders has a session opened");
            Box::pin(async move {
                let answer = match visit {
                    Visit::Return => world.billing.confirm_checkout(tenant, &session.provider_ref).await,
                    Visit::Discard => world.billing.discard(tenant, purchase.id).await,
                };
                Outcome::Came { purchase: purchase.id, visit, foreign, session, answer }
            })
        }
        Step::Notify { purchase, news, repeat } => {
            let Some(purchase) = pick(purchases, purchase).cloned() else { return nothing() };
            if news == News::WrongSession && purchase.checkout.is_none() {
                // Nobody could know yet that it is the wrong one.
                return nothing();
            }
            // Two events may say the same of one purchase, and one event may come twice.
            let id = format!("evt_{}_{news:?}_{repeat}", purchase.id);
            Box::pin(async move {
                let answer = world.billing.receive_event(fixtures::incoming(&id, news.about(&purchase))).await;
                Outcome::Notified { purchase: purchase.id, news, answer }
            })
        }
    }
}

fn nothing() -> BoxFuture<'static, Outcome> {
    Box::pin(async { Outcome::Nothing })
}

impl News {
    fn about(self, purchase: &Purchase) -> EventMeaning {
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
