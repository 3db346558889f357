//! What must come out of a plan, kept as simply as can be: for each purchase, whether the shop has learnt that it was
//! paid, and whether it has learnt that it failed.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{News, Visit};
use crate::{
    OrderError,
    account::Principal,
    billing::{BillingError, Received},
    ids::{PurchaseId, TenantId},
    ledger::EntryKind,
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    purchase::{FailureReason, Purchase, Status},
    store::PageRequest,
    testing::{fixtures, fixtures::World},
};

/// What a step has come to.
pub(super) enum Outcome {
    Nothing,
    Ordered {
        tenant: TenantId,
        key: Option<u8>,
        product_id: &'static str,
        answer: Result<Purchase, OrderError>,
    },
    /// `session` is the provider's before the round.
    Came {
        purchase: PurchaseId,
        visit: Visit,
        foreign: bool,
        session: CheckoutSession,
        answer: Result<Option<Purchase>, BillingError>,
    },
    Notified {
        purchase: PurchaseId,
        news: News,
        answer: Result<Received, BillingError>,
    },
}

#[derive(Default)]
pub(super) struct Referee {
    /// Purchases that the shop has learnt are paid, as ordered.
    paid: BTreeSet<PurchaseId>,
    /// Why the others may stand failed.
    failed: BTreeMap<PurchaseId, Vec<FailureReason>>,
    /// How many orders came without a key.
    keyless: BTreeMap<TenantId, usize>,
    /// What was ordered under a key; a key that nothing was given for, as the answer got lost, has no product.
    keys: BTreeMap<(TenantId, u8), Option<&'static str>>,
    /// Orders that were told that their key is another product's.
    reused: Vec<(TenantId, u8, &'static str)>,
}

impl Referee {
    pub(super) fn note(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Ordered { tenant, key, product_id, answer } => self.note_order(tenant, key, product_id, answer),
            Outcome::Came { foreign: true, answer, .. } => {
                assert!(matches!(answer, Ok(None)), "a stranger was told {answer:?}");
            }
            Outcome::Came { purchase, visit, session, answer, .. } => match answer {
                // One that has failed already is not asked about again.
                Ok(Some(shown)) if visit == Visit::Discard && shown.status() == Status::Failed => {
                    let dropped = session.status != SessionStatus::Complete;
                    let reasons = if dropped { &[FailureReason::Cancelled, FailureReason::Expired][..] } else { &[] };
                    self.failed.entry(purchase).or_default().extend(reasons);
                }
                Ok(Some(_)) => self.note_visit(purchase, visit, &session),
                // Nothing was learnt: the purchase didn't know its session, or the provider's answer was lost.
                Ok(None) => assert_eq!(visit, Visit::Return),
                Err(error) => assert!(matches!(error, BillingError::Provider(_)), "{error}"),
            },
            Outcome::Notified { purchase, news, answer } => {
                let received = answer.expect("the store takes an event");
                self.note_news(purchase, news, received);
            }
        }
    }

    fn note_order(
        &mut self,
        tenant: TenantId,
        key: Option<u8>,
        product_id: &'static str,
        answer: Result<Purchase, OrderError>,
    ) {
        if let Some(key) = key {
            self.keys.entry((tenant, key)).or_default();
        } else {
            *self.keyless.entry(tenant).or_default() += 1;
        }
        match (answer, key) {
            (Ok(purchase), key) => {
                assert_eq!(purchase.item.product_id, product_id);
                if let Some(key) = key {
                    let first = self.keys.insert((tenant, key), Some(product_id)).flatten();
                    assert!(first.is_none_or(|first| first == product_id), "one key gave two products");
                }
            }
            (Err(OrderError::KeyReused), Some(key)) => self.reused.push((tenant, key, product_id)),
            (Err(OrderError::Billing(BillingError::Provider(_))), _) => {}
            (Err(error), _) => panic!("an order failed: {error}"),
        }
    }

    fn note_visit(&mut self, purchase: PurchaseId, visit: Visit, session: &CheckoutSession) {
        let failed = self.failed.entry(purchase).or_default();
        match (session.status, visit) {
            (SessionStatus::Complete, _) if session.payment == PaymentStatus::Paid => {
                self.paid.insert(purchase);
            }
            (SessionStatus::Complete, _) | (SessionStatus::Open, Visit::Return) => {}
            (SessionStatus::Expired, Visit::Return) => failed.push(FailureReason::Expired),
            // Somebody who comes back at the same moment finds a session that has expired.
            (_, Visit::Discard) => failed.extend([FailureReason::Cancelled, FailureReason::Expired]),
        }
    }

    fn note_news(&mut self, purchase: PurchaseId, news: News, received: Received) {
        let failed = self.failed.entry(purchase).or_default();
        let good = [Received::Applied].as_slice();
        let odd = [Received::Attention].as_slice();
        // The amount matters only while something is still to be booked for it.
        let either = [Received::Applied, Received::Attention].as_slice();
        let expected = match news {
            News::Paid => {
                self.paid.insert(purchase);
                good
            }
            News::Unpaid => good,
            News::Expired => {
                failed.push(FailureReason::Expired);
                good
            }
            News::PaymentFailed => {
                failed.push(FailureReason::PaymentFailed);
                good
            }
            News::WrongAmount | News::WrongCurrency => either,
            News::WrongLivemode | News::WrongSession => odd,
        };
        assert!(expected.contains(&received), "{news:?} was {received:?}");
    }

    /// Compares what the shop shows one customer with what it must.
    pub(super) async fn judge(&self, world: &World, caller: &Principal) {
        let tenant = caller.tenant_id;
        let page = PageRequest { limit: 1_000, older_than: None };
        let purchases = world.store.purchases(tenant, page).await.expect("the store answers");
        let keys = self.keys.keys().filter(|(owner, _)| *owner == tenant).count();
        assert_eq!(purchases.len(), keys + self.keyless.get(&tenant).copied().unwrap_or(0), "one purchase an order");
        self.judge_keys(tenant, &purchases);
        for purchase in &purchases {
            let entries = world.store.entries(tenant, purchase.id).await.expect("the store answers");
            let status = self.expected_status(purchase);
            assert_eq!(purchase.status(), status);
            if let Some(failed) = purchase.state.failure() {
                assert!(self.failed[&purchase.id].contains(&failed.reason), "not {}", failed.reason);
            }
            let session = purchase.checkout.as_ref().map(|checkout| checkout.provider_ref.clone());
            assert!(session.is_none_or(|session| session == fixtures::checkout(purchase).provider_ref));
            let booked: Vec<_> = entries.iter().map(|entry| (entry.booked.kind, entry.booked.credits)).collect();
            let due = [(EntryKind::Purchase, purchase.item.credits)];
            assert_eq!(booked, if status == Status::Paid { &due[..] } else { &[] }, "credited once, when paid");
        }
        world.unbroken_ledger(tenant).await;
    }

    fn expected_status(&self, purchase: &Purchase) -> Status {
        if self.paid.contains(&purchase.id) {
            Status::Paid
        } else if self.failed.get(&purchase.id).is_some_and(|reasons| !reasons.is_empty()) {
            Status::Failed
        } else {
            Status::Pending
        }
    }

    fn judge_keys(&self, tenant: TenantId, purchases: &[Purchase]) {
        let under = |key: u8| {
            let name = format!("key-{key}");
            let same = |purchase: &&Purchase| purchase.order_key.as_ref().is_some_and(|key| key.as_str() == name);
            let purchase = purchases.iter().find(same).expect("a key that was used has a purchase");
            purchase.item.product_id.as_str()
        };
        for ((_, key), product) in self.keys.iter().filter(|((owner, _), _)| *owner == tenant) {
            assert!(product.is_none_or(|product| product == under(*key)));
        }
        for (_, key, asked) in self.reused.iter().filter(|(owner, ..)| *owner == tenant) {
            assert_ne!(*asked, under(*key), "told that the key is another product's, and it is not");
        }
    }
}
