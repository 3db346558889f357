//! Random scenarios of everything that can happen: orders, payments, refunds, disputes, notifications late, doubled and
//! out of order, return pages, the worker's rounds, a provider that does not answer, and crashes.
//!
//! A scenario is a list of rounds. The provider's actions come first in a round; the shop's then run concurrently, and
//! any of them can be dropped as by a crash. At the end the simulation recovers: the provider answers, what can still
//! be paid expires, and the worker runs until nothing is left to do. Then the balances must be the model's.

mod generator;
mod model;

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use futures::future::BoxFuture;
use jiff::SignedDuration;

use generator::{ProviderAction, Round, ShopAction};
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
    event::{EventMeaning, StoredEvent},
    provider::SessionStatus,
    purchase::Purchase,
    store::AccountStore,
};

/// How many rows the worker claims at once.
const BATCH: u32 = 20;
/// How many times the worker runs at the end; before each run, every lease, back-off and session expires.
const RECOVERY_ROUNDS: u32 = 4;
const RECOVERY_ROUND: SignedDuration = SignedDuration::from_hours(31);
/// Longer than a scenario takes. The next scenario on the same store starts after it.
const SCENARIO_TIME_MAX: SignedDuration = SignedDuration::from_hours(40 * 24);

/// Runs a scenario with two customers, recovers, and compares with the model. Panics when a balance is wrong.
pub async fn run(store: Arc<dyn AnyStore>, scenario: &Scenario) {
    // One store runs many scenarios, each with ids of its own.
    static SEED: AtomicU64 = AtomicU64::new(1_000_000);
    static RUNS: AtomicI64 = AtomicI64::new(0);
    let harness = Harness::open(store, SEED.fetch_add(1, Ordering::Relaxed)).await;
    harness
        .clock
        .advance(SCENARIO_TIME_MAX.saturating_mul(RUNS.fetch_add(1, Ordering::Relaxed).try_into().unwrap_or(i32::MAX)));
    harness.provider.set_shows_books(scenario.provider_shows_books);
    let principals = [harness.principal.clone(), harness.another_principal().await];
    for round in &scenario.rounds {
        run_round(&harness, &principals, round).await;
        for principal in &principals {
            model::check_invariants(&harness, principal.tenant_id).await;
        }
    }
    recover(&harness).await;
    for principal in &principals {
        model::check_final_state(&harness, principal.tenant_id).await;
    }
}

async fn run_round(harness: &Harness, principals: &[Principal; 2], round: &Round) {
    harness.clock.advance(round.elapsed);
    for action in &round.provider {
        act(harness, action);
    }
    harness.provider.set_unavailable(round.provider_unavailable);
    let mut purchases = harness.purchases(principals[0].tenant_id).await;
    purchases.extend(harness.purchases(principals[1].tenant_id).await);
    let task = |(action, polls): &(ShopAction, Option<u8>)| Task {
        future: begin(harness, principals, &purchases, action),
        polls_left: *polls,
    };
    let tasks = round.shop.iter().map(task).collect();
    Interleaved::new(tasks, round.schedule.iter().copied()).await;
}

fn pick<T: Clone>(all: &[T], which: usize) -> Option<T> {
    all.get(which.checked_rem(all.len())?).cloned()
}

/// Lets the provider act, if it can.
fn act(harness: &Harness, action: &ProviderAction) {
    let provider = &harness.provider;
    let (ProviderAction::Pay(which)
    | ProviderAction::Promise(which)
    | ProviderAction::BreakPromise(which)
    | ProviderAction::Expire(which)
    | ProviderAction::Refund(which, _)
    | ProviderAction::FailRefund(which)
    | ProviderAction::Dispute(which, ..)
    | ProviderAction::ReinstateInPart(which, _)) = *action;
    let Some(id) = pick(&provider.purchases(), which) else { return };
    let Some(session) = provider.session(id) else { return };
    let cents = |percent: i64| session.amount_total.unwrap_or_default() * percent / 100;
    match *action {
        ProviderAction::Pay(_) if provider.can_be_paid(id) => provider.pay(id),
        ProviderAction::Promise(_) if session.status == SessionStatus::Open => provider.promise(id),
        ProviderAction::Pay(_) | ProviderAction::Promise(_) => {}
        ProviderAction::BreakPromise(_) => provider.break_promise(id),
        ProviderAction::Expire(_) => provider.expire(id),
        ProviderAction::Refund(_, percent) => provider.refund(id, cents(percent)),
        ProviderAction::FailRefund(_) => provider.fail_refund(id),
        ProviderAction::Dispute(_, percent, state) => provider.dispute(id, cents(percent), state),
        ProviderAction::ReinstateInPart(_, percent) => provider.reinstate_in_part(id, cents(percent)),
    }
}

/// Begins an action of the shop. Its arguments are read now, before the round's other actions run. Its result is
/// dropped, as if the client had crashed too.
fn begin(
    harness: &Harness,
    principals: &[Principal; 2],
    purchases: &[Purchase],
    action: &ShopAction,
) -> BoxFuture<'static, ()> {
    let harness = harness.clone();
    match *action {
        ShopAction::Order { second, key, product } => {
            let principal = principals[usize::from(second)].clone();
            let product_id = CATALOG[product % CATALOG.len()].id;
            let order_key = key.map(|key| format!("key-{key}").parse().expect("a good order key"));
            Box::pin(async move {
                drop(harness.billing.order(&principal, Order { key: order_key, ..Order::of(product_id) }).await);
            })
        }
        ShopAction::Return(which) => {
            let purchase = pick(purchases, which);
            Box::pin(async move {
                let Some(Purchase { tenant_id, checkout: Some(checkout), .. }) = purchase else { return };
                drop(harness.billing.confirm_checkout(tenant_id, &checkout.provider_ref).await);
            })
        }
        ShopAction::Discard(which) => {
            let purchase = pick(purchases, which);
            Box::pin(async move {
                let Some(Purchase { tenant_id, id, .. }) = purchase else { return };
                drop(harness.billing.discard(tenant_id, id).await);
            })
        }
        ShopAction::Notify(which) => {
            let event = pick(&harness.provider.events(), which);
            Box::pin(async move {
                let Some(event) = event else { return };
                drop(harness.billing.receive_event(event).await);
            })
        }
        ShopAction::RetryEvents => Box::pin(async move { retry_events(&harness).await }),
        ShopAction::CheckPending => Box::pin(async move { check_pending(&harness).await }),
        ShopAction::Backfill => Box::pin(async move { drop(harness.billing.backfill().await) }),
    }
}

async fn retry_events(harness: &Harness) {
    let events = harness.provider.events();
    let read = |stored: &StoredEvent| {
        let event = events.iter().find(|event| event.provider_event_id == stored.provider_event_id).cloned();
        // The store may have run scenarios before, but they have left no pending work.
        event.unwrap_or_else(|| {
            fixtures::incoming(&stored.provider_event_id, EventMeaning::Irrelevant("another scenario's"))
        })
    };
    drop(harness.billing.retry_events(&read, BATCH).await);
}

async fn check_pending(harness: &Harness) {
    let accounts: &dyn AccountStore = harness.store.as_ref();
    drop(harness.billing.check_pending(accounts, BATCH).await);
}

/// The provider answers again, unpaid sessions expire, and the worker runs until no work is left.
async fn recover(harness: &Harness) {
    harness.provider.set_unavailable(false);
    for _ in 0..RECOVERY_ROUNDS {
        for purchase in harness.provider.purchases() {
            harness.provider.expire(purchase);
            harness.provider.break_promise(purchase);
        }
        harness.clock.advance(RECOVERY_ROUND);
        drop(harness.billing.backfill().await);
        retry_events(harness).await;
        check_pending(harness).await;
    }
}
