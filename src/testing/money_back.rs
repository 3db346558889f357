//! Payments, refunds and disputes of one purchase, told in any order, twice, and while the provider is silent, against
//! a model of what must be left.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use jiff::SignedDuration;
use proptest::{collection::vec, prelude::*};

use super::{AnyStore, fixtures, fixtures::World};
use crate::{
    event::{EventMeaning, ReversalNews, StoredEvent},
    locale::Locale,
    purchase::Status,
    reversal::{DisputeFact, DisputeState, Fact, RefundFact, RefundState},
};

/// What is told, in order. The purchase is 5 credits for 699 cents.
#[derive(Clone, Debug)]
pub enum Told {
    /// The payment.
    Paid,
    /// One of the three refunds, each of 300 cents.
    Refund(u8, RefundState),
    /// The one dispute, of all that was paid.
    Dispute(DisputeState),
    /// The provider does not answer for the next event.
    Silence,
}

/// Any order of any news.
pub fn stories() -> impl Strategy<Value = Vec<Told>> {
    let refund_state = prop_oneof![3 => Just(RefundState::Standing), 1 => Just(RefundState::Failed)];
    let dispute_state = prop_oneof![
        1 => Just(DisputeState::Inquiry),
        2 => Just(DisputeState::Withdrawn),
        1 => Just(DisputeState::Reinstated),
    ];
    let told = prop_oneof![
        2 => Just(Told::Paid),
        4 => (0..3_u8, refund_state).prop_map(|(which, state)| Told::Refund(which, state)),
        2 => dispute_state.prop_map(Told::Dispute),
        1 => Just(Told::Silence),
    ];
    vec(told, 0..14)
}

/// Tells a story to a shop, lets the worker catch up, and compares. Panics when what is left is not what must be.
pub async fn tell(store: Arc<dyn AnyStore>, news_told: &[Told]) {
    static TOLD: AtomicU64 = AtomicU64::new(1_000_000);
    let seed = TOLD.fetch_add(1, Ordering::Relaxed);
    let world = World::open(store, seed).await;
    let purchase = world.billing.order(&world.caller, "credits_5", None, Locale::De).await.expect("it is ordered");
    let mut meanings = Vec::new();
    for (told, at) in news_told.iter().zip(0..) {
        let meaning = match told {
            Told::Silence => {
                world.provider.set_unavailable(true);
                continue;
            }
            Told::Paid => {
                world.provider.pay(purchase.id);
                let session = world.provider.session(purchase.id).expect("it was opened");
                EventMeaning::Checkout(session)
            }
            Told::Refund(which, state) => {
                let provider_ref = format!("re_{which}");
                news(&purchase, Fact::Refund(RefundFact { provider_ref, amount: 300, state: *state }))
            }
            Told::Dispute(state) => {
                let provider_ref = "dp_1".to_owned();
                news(&purchase, Fact::Dispute(DisputeFact { provider_ref, amount: 699, state: *state }))
            }
        };
        let id = format!("evt_{seed}_{at}");
        meanings.push((id.clone(), meaning.clone()));
        // Each comes twice, as Stripe's do.
        for _ in 0..2 {
            world.billing.receive_event(fixtures::incoming(&id, meaning.clone())).await.expect("it is stored");
        }
        world.provider.set_unavailable(false);
    }
    world.provider.set_unavailable(false);
    catch_up(&world, &meanings).await;

    let stored = world.store.purchase(purchase.tenant_id, purchase.id).await.expect("the store answers");
    let balance = world.billing.balance(purchase.tenant_id).await.expect("the store answers");
    let (credits, status) = left(news_told);
    assert_eq!(balance.credits.0, credits);
    // What the provider was silent about is applied later than it was told; credits are the same in any order, but the
    // state has no way back from REFUNDED.
    if !news_told.iter().any(|told| matches!(told, Told::Silence)) {
        assert_eq!(stored.map(|purchase| purchase.status()), Some(status));
    }
}

fn news(purchase: &crate::purchase::Purchase, fact: Fact) -> EventMeaning {
    EventMeaning::Reversal(ReversalNews {
        payment_ref: Some(format!("pi_{}", purchase.id)),
        charge_ref: None,
        purchase_id: Some(purchase.id),
        livemode: false,
        facts: vec![fact],
    })
}

/// The worker, until nothing is left to do.
async fn catch_up(world: &World, meanings: &[(String, EventMeaning)]) {
    let read = |stored: &StoredEvent| {
        let meaning = meanings.iter().find(|(id, _)| *id == stored.provider_event_id);
        let meaning = meaning.map_or(EventMeaning::Irrelevant("another test's"), |(_, meaning)| meaning.clone());
        fixtures::incoming(&stored.provider_event_id, meaning)
    };
    for _ in 0..3 {
        world.clock.advance(SignedDuration::from_hours(1));
        world.billing.retry_events(&read, 100).await.expect("the store answers");
    }
}

/// What must be left: the credits sold, less the floor of the share that was refunded or is disputed, once.
fn left(story: &[Told]) -> (i64, Status) {
    if !story.iter().any(|told| matches!(told, Told::Paid)) {
        return (0, Status::Pending);
    }
    let told = |wanted: &dyn Fn(&Told) -> bool| story.iter().any(wanted);
    let stands = |which: u8| {
        told(&|told| matches!(told, Told::Refund(refund, _) if *refund == which))
            && !told(&|told| matches!(told, Told::Refund(refund, RefundState::Failed) if *refund == which))
    };
    let refunded = (0..3).filter(|which| stands(*which)).count() * 300;
    let lost = told(&|told| matches!(told, Told::Dispute(DisputeState::Withdrawn)))
        && !told(&|told| matches!(told, Told::Dispute(DisputeState::Reinstated)));
    let gone = if lost { 699 } else { i64::try_from(refunded).unwrap_or(699).min(699) };
    (5 - 5 * gone / 699, ever_all_refunded(story))
}

/// REFUNDED once all was refunded after the payment was known, even if a refund fails later: no move leads back.
fn ever_all_refunded(story: &[Told]) -> Status {
    let paid_at = story.iter().position(|told| matches!(told, Told::Paid)).unwrap_or(story.len());
    let mut failed = [false; 3];
    let mut known = [false; 3];
    for (told, at) in story.iter().zip(0..) {
        if let Told::Refund(which, state) = told {
            let which = usize::from(*which);
            known[which] = true;
            failed[which] |= *state == RefundState::Failed;
        }
        let standing = (0..3).filter(|which| known[*which] && !failed[*which]).count();
        if at >= paid_at && standing == 3 {
            return Status::Refunded;
        }
    }
    Status::Paid
}
