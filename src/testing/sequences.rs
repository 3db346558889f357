//! Random sequences of all that can happen: orders, payments, refunds, disputes, notifications late, doubled and out of
//! order, return pages, the worker's rounds, a provider that does not answer, and crashes.
//!
//! A plan is a list of rounds. What happens at the provider happens between rounds; what happens to the shop, in one
//! round, happens at the same time, and any of it can be cut short as by a crash. In the end everything is mended: the
//! provider answers, what can still be paid runs out, and the worker goes on until it has had time for everything. Then
//! the balances must be the model's.

mod model;
mod plan;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use futures::future::BoxFuture;
use jiff::SignedDuration;

use plan::{Act, Round, Step};
pub use plan::{Plan, plans};

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
    event::{EventMeaning, StoredEvent},
    provider::SessionStatus,
    purchase::Purchase,
    store::AccountStore,
};

/// How much the worker takes up at once.
const BATCH: u32 = 20;
/// How often the worker comes round in the end; each time is past every lease, pause, and life of a session.
const ROUNDS_IN_THE_END: u32 = 4;
const ROUND_IN_THE_END: SignedDuration = SignedDuration::from_hours(31);
/// Longer than a plan takes: on one store, the next begins after it.
const PLAN: SignedDuration = SignedDuration::from_hours(40 * 24);

/// Plays a plan with two customers of the store, mends everything, and compares. Panics when a balance is wrong.
pub async fn play(store: Arc<dyn AnyStore>, plan: &Plan) {
    // One store is played upon many times.
    static PLAYED: AtomicU64 = AtomicU64::new(1_000_000);
    static PLANS: AtomicI64 = AtomicI64::new(0);
    let world = World::open(store, PLAYED.fetch_add(1, Ordering::Relaxed)).await;
    world.clock.advance(PLAN.saturating_mul(PLANS.fetch_add(1, Ordering::Relaxed).try_into().unwrap_or(i32::MAX)));
    world.provider.set_shows_books(plan.provider_shows_books);
    let callers = [world.caller.clone(), world.another_caller().await];
    for round in &plan.rounds {
        play_round(&world, &callers, round).await;
        for caller in &callers {
            model::judge_on_the_way(&world, caller.tenant_id).await;
        }
    }
    mend(&world).await;
    for caller in &callers {
        model::judge_in_the_end(&world, caller.tenant_id).await;
    }
}

async fn play_round(world: &World, callers: &[Principal; 2], round: &Round) {
    world.clock.advance(round.pause);
    for act in &round.before {
        happen(world, act);
    }
    world.provider.set_unavailable(round.provider_unavailable);
    let mut purchases = world.purchases(callers[0].tenant_id).await;
    purchases.extend(world.purchases(callers[1].tenant_id).await);
    let take = |(step, turns): &(Step, Option<u8>)| Running {
        step: take(world, callers, &purchases, step),
        turns_left: *turns,
    };
    let running = round.steps.iter().map(take).collect();
    AtOnce::new(running, round.schedule.iter().copied()).await;
}

fn pick<T: Clone>(all: &[T], which: usize) -> Option<T> {
    all.get(which.checked_rem(all.len())?).cloned()
}

/// What happens at the provider; nothing, if it could not.
fn happen(world: &World, act: &Act) {
    let provider = &world.provider;
    let (Act::Pay(which)
    | Act::Promise(which)
    | Act::BreakPromise(which)
    | Act::Expire(which)
    | Act::Refund(which, _)
    | Act::FailRefund(which)
    | Act::Dispute(which, ..)
    | Act::ReinstateInPart(which, _)) = *act;
    let Some(id) = pick(&provider.purchases(), which) else { return };
    let Some(session) = provider.session(id) else { return };
    let cents = |percent: i64| session.amount_total.unwrap_or_default() * percent / 100;
    match *act {
        Act::Pay(_) if provider.can_be_paid(id) => provider.pay(id),
        Act::Promise(_) if session.status == SessionStatus::Open => provider.promise(id),
        Act::Pay(_) | Act::Promise(_) => {}
        Act::BreakPromise(_) => provider.break_promise(id),
        Act::Expire(_) => provider.expire(id),
        Act::Refund(_, percent) => provider.refund(id, cents(percent)),
        Act::FailRefund(_) => provider.fail_refund(id),
        Act::Dispute(_, percent, state) => provider.dispute(id, cents(percent), state),
        Act::ReinstateInPart(_, percent) => provider.reinstate_in_part(id, cents(percent)),
    }
}

/// Begins a step; what it is about is decided now, before the others of its round. What comes of it, nobody looks at:
/// the one who asked may have crashed as well.
fn take(world: &World, callers: &[Principal; 2], purchases: &[Purchase], step: &Step) -> BoxFuture<'static, ()> {
    let world = world.clone();
    match *step {
        Step::Order { second, key, product } => {
            let caller = callers[usize::from(second)].clone();
            let product_id = CATALOG[product % CATALOG.len()].id;
            let order_key = key.map(|key| format!("key-{key}").parse().expect("a good order key"));
            Box::pin(async move {
                drop(world.billing.order(&caller, Order { key: order_key, ..Order::of(product_id) }).await);
            })
        }
        Step::Return(which) => {
            let purchase = pick(purchases, which);
            Box::pin(async move {
                let Some(Purchase { tenant_id, checkout: Some(checkout), .. }) = purchase else { return };
                drop(world.billing.confirm_checkout(tenant_id, &checkout.provider_ref).await);
            })
        }
        Step::Discard(which) => {
            let purchase = pick(purchases, which);
            Box::pin(async move {
                let Some(Purchase { tenant_id, id, .. }) = purchase else { return };
                drop(world.billing.discard(tenant_id, id).await);
            })
        }
        Step::Tell(which) => {
            let event = pick(&world.provider.events(), which);
            Box::pin(async move {
                let Some(event) = event else { return };
                drop(world.billing.receive_event(event).await);
            })
        }
        Step::RetryEvents => Box::pin(async move { retry_events(&world).await }),
        Step::CheckPending => Box::pin(async move { check_pending(&world).await }),
        Step::Backfill => Box::pin(async move { drop(world.billing.backfill().await) }),
    }
}

async fn retry_events(world: &World) {
    let events = world.provider.events();
    let read = |stored: &StoredEvent| {
        let event = events.iter().find(|event| event.provider_event_id == stored.provider_event_id).cloned();
        // On a store that was played upon before, nothing is left over.
        event.unwrap_or_else(|| fixtures::incoming(&stored.provider_event_id, EventMeaning::Unreadable(String::new())))
    };
    drop(world.billing.retry_events(&read, BATCH).await);
}

async fn check_pending(world: &World) {
    let accounts: &dyn AccountStore = world.store.as_ref();
    drop(world.billing.check_pending(accounts, BATCH).await);
}

/// The provider answers again, whatever was not paid runs out, and the worker takes up everything.
async fn mend(world: &World) {
    world.provider.set_unavailable(false);
    for _ in 0..ROUNDS_IN_THE_END {
        for purchase in world.provider.purchases() {
            world.provider.expire(purchase);
            world.provider.break_promise(purchase);
        }
        world.clock.advance(ROUND_IN_THE_END);
        drop(world.billing.backfill().await);
        retry_events(world).await;
        check_pending(world).await;
    }
}
