//! Checks the shop against a minimal model, which knows of each purchase whether the shop was notified of its payment,
//! and the possible reasons of a failure.

use std::collections::{BTreeMap, BTreeSet};

use super::generator::{Notification, Page};
use crate::{
    OrderError,
    account::Principal,
    billing::{BillingError, Received},
    ids::{PurchaseId, TenantId},
    ledger::EntryKind,
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    purchase::{FailureReason, Purchase, Status},
    store::PageRequest,
    testing::{fixtures, harness::Harness},
};

/// The result of one action of the shop.
pub(super) enum Outcome {
    Nothing,
    Ordered {
        tenant: TenantId,
        key: Option<u8>,
        product_id: &'static str,
        answer: Result<Purchase, OrderError>,
    },
    /// `session` is the provider's before the round.
    Visited {
        purchase: PurchaseId,
        page: Page,
        foreign: bool,
        session: CheckoutSession,
        answer: Result<Option<Purchase>, BillingError>,
    },
    Notified {
        purchase: PurchaseId,
        notification: Notification,
        answer: Result<Received, BillingError>,
    },
}

#[derive(Default)]
pub(super) struct Checker {
    /// Purchases whose payment, of the amount ordered, the shop was notified of.
    paid: BTreeSet<PurchaseId>,
    /// The possible reasons for which the others failed.
    failed: BTreeMap<PurchaseId, Vec<FailureReason>>,
    /// The number of orders without a key.
    keyless: BTreeMap<TenantId, usize>,
    /// The product that was ordered under a key; `None` when the answer to the order got lost.
    keys: BTreeMap<(TenantId, u8), Option<&'static str>>,
    /// Orders that were refused because the key belongs to another product.
    reused: Vec<(TenantId, u8, &'static str)>,
}

impl Checker {
    pub(super) fn observe(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Nothing => {}
            Outcome::Ordered { tenant, key, product_id, answer } => self.observe_order(tenant, key, product_id, answer),
            Outcome::Visited { foreign: true, answer, .. } => {
                assert!(matches!(answer, Ok(None)), "a stranger was told {answer:?}");
            }
            Outcome::Visited { purchase, page, session, answer, .. } => match answer {
                // For a failed purchase, `discard` does not ask the provider.
                Ok(Some(shown)) if page == Page::Discard && shown.status() == Status::Failed => {
                    let dropped = session.status != SessionStatus::Complete;
                    let reasons = if dropped { &[FailureReason::Cancelled, FailureReason::Expired][..] } else { &[] };
                    self.failed.entry(purchase).or_default().extend(reasons);
                }
                Ok(Some(_)) => self.observe_visit(purchase, page, &session),
                // Nothing was learnt: the purchase had no session yet, or the provider's answer was lost.
                Ok(None) => assert_eq!(page, Page::Return),
                Err(error) => assert!(matches!(error, BillingError::Provider(_)), "{error}"),
            },
            Outcome::Notified { purchase, notification, answer } => {
                let received = answer.expect("the store takes an event");
                self.observe_notification(purchase, notification, received);
            }
        }
    }

    fn observe_order(
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

    fn observe_visit(&mut self, purchase: PurchaseId, page: Page, session: &CheckoutSession) {
        let failed = self.failed.entry(purchase).or_default();
        match (session.status, page) {
            (SessionStatus::Complete, _) if session.payment == PaymentStatus::Paid => {
                self.paid.insert(purchase);
            }
            (SessionStatus::Complete, _) | (SessionStatus::Open, Page::Return) => {}
            (SessionStatus::Expired, Page::Return) => failed.push(FailureReason::Expired),
            // A concurrent visit to another page finds the session expired.
            (_, Page::Discard) => failed.extend([FailureReason::Cancelled, FailureReason::Expired]),
        }
    }

    fn observe_notification(&mut self, purchase: PurchaseId, notification: Notification, received: Received) {
        let failed = self.failed.entry(purchase).or_default();
        let good = [Received::Applied].as_slice();
        let odd = [Received::Attention].as_slice();
        // A wrong amount is noticed only while the payment is not booked yet.
        let either = [Received::Applied, Received::Attention].as_slice();
        let expected = match notification {
            Notification::Paid => {
                self.paid.insert(purchase);
                good
            }
            Notification::Unpaid => good,
            Notification::Expired => {
                failed.push(FailureReason::Expired);
                good
            }
            Notification::PaymentFailed => {
                failed.push(FailureReason::PaymentFailed);
                good
            }
            Notification::WrongAmount | Notification::WrongCurrency => either,
            Notification::WrongLivemode | Notification::WrongSession => odd,
        };
        assert!(expected.contains(&received), "{notification:?} was {received:?}");
    }

    /// Compares a customer's purchases and ledger with the model.
    pub(super) async fn check(&self, harness: &Harness, principal: &Principal) {
        let tenant = principal.tenant_id;
        let page = PageRequest { limit: 1_000, older_than: None };
        let purchases = harness.store.purchases(tenant, page).await.expect("the store answers");
        let keys = self.keys.keys().filter(|(owner, _)| *owner == tenant).count();
        assert_eq!(purchases.len(), keys + self.keyless.get(&tenant).copied().unwrap_or(0), "one purchase an order");
        self.check_keys(tenant, &purchases);
        for purchase in &purchases {
            let entries = harness.store.entries(tenant, purchase.id).await.expect("the store answers");
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
        harness.unbroken_ledger(tenant).await;
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

    fn check_keys(&self, tenant: TenantId, purchases: &[Purchase]) {
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
