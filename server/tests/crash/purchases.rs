//! The scenarios of purchases: orders, payments, refunds and disputes.

use std::sync::Arc;

use async_trait::async_trait;
use billing::{
    Order,
    billing::Received,
    purchase::{Purchase, Status},
    store::PageRequest,
    testing::provider::ScriptedProvider,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use server::stripe::event;

use crate::{
    child::{Act, perform},
    end,
    scenario::{PAST_EVERY_LEASE, Place, Scenario},
};

/// The use case of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// The buyer orders.
    Order,
    /// The buyer returns after paying.
    ReturnPage,
    /// The buyer discards a purchase.
    Discard,
    /// A notification arrives: about the payment,
    Payment,
    /// about the payment, after the one about its refund,
    PaymentAfterItsRefund,
    /// about a partial refund,
    PartialRefund,
    /// about a full refund,
    FullRefund,
    /// about a dispute,
    Dispute,
    /// about a dispute that is won.
    DisputeWon,
    /// The worker retries a notification that could not be applied,
    RetryEvents,
    /// asks about a paid purchase without a notification,
    CheckPaid,
    /// finishes an order that has no session yet,
    CheckWithoutSession,
    /// fetches notifications that were missed,
    Backfill,
    /// numbers receipts.
    NumberReceipts,
}

/// What follows the kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// The same again: the buyer tries again, Stripe sends the notification again, or another process's worker takes
    /// over.
    Repeated,
    /// Nobody tries again, so only the worker can recover.
    Reconciled,
}

#[derive(Clone, Copy, Debug)]
pub struct PurchaseScenario {
    pub case: Case,
    pub then: Then,
    /// The expected end state, in the format of `end`.
    pub end: &'static str,
}

/// A case with both continuations.
const fn both(case: Case, end: &'static str) -> [PurchaseScenario; 2] {
    [PurchaseScenario { case, then: Then::Repeated, end }, PurchaseScenario { case, then: Then::Reconciled, end }]
}

const PAID: &str = "\
credits_5 PAID, paid at Stripe's
PURCHASE 5 = 5
checkout.session.completed APPLIED
";
const PARTLY_REFUNDED: &str = "\
credits_5 PAID, paid at Stripe's
PURCHASE 5 = 5
REFUND re -2 = 3
charge.refunded APPLIED
checkout.session.completed APPLIED
refund.created APPLIED
";
const TAKEN_UP: &str = "\
credits_5 PAID, paid at Stripe's
PURCHASE 5 = 5
REFUND re -2 = 3
charge.refunded APPLIED
checkout.session.completed APPLIED
";
const ASKED: &str = "\
credits_5 PAID, paid at Stripe's
PURCHASE 5 = 5
";
const REFUNDED: &str = "\
credits_5 REFUNDED, paid at Stripe's
PURCHASE 5 = 5
REFUND re -5 = 0
charge.refunded APPLIED
checkout.session.completed APPLIED
refund.created APPLIED
";
const DISPUTED: &str = "\
credits_5 PAID, paid at Stripe's
PURCHASE 5 = 5
DISPUTE du -5 = 0
charge.dispute.created APPLIED
charge.dispute.funds_withdrawn APPLIED
checkout.session.completed APPLIED
";
const WON: &str = "\
credits_5 PAID, paid at Stripe's
PURCHASE 5 = 5
DISPUTE du -5 = 0
DISPUTE_REVERSAL du 5 = 5
charge.dispute.closed APPLIED
charge.dispute.created APPLIED
charge.dispute.funds_reinstated APPLIED
charge.dispute.funds_withdrawn APPLIED
checkout.session.completed APPLIED
";
const DROPPED: &str = "\
credits_5 FAILED, unpaid at Stripe's
checkout.session.expired APPLIED
";

const NUMBERED: &str = "\
credits_5 PAID, paid at Stripe's, receipt 1
credits_5 PAID, paid at Stripe's, receipt 2
PURCHASE 5 = 5
PURCHASE 5 = 10
checkout.session.completed APPLIED
checkout.session.completed APPLIED
";

pub fn all() -> impl Iterator<Item = Arc<dyn Scenario>> {
    let twice = [
        both(Case::Order, PAID),
        both(Case::ReturnPage, PAID),
        both(Case::Discard, DROPPED),
        both(Case::Payment, PAID),
        both(Case::PaymentAfterItsRefund, REFUNDED),
        both(Case::PartialRefund, PARTLY_REFUNDED),
        both(Case::FullRefund, REFUNDED),
        both(Case::Dispute, DISPUTED),
        both(Case::DisputeWon, WON),
    ];
    let once = [
        (Case::RetryEvents, TAKEN_UP),
        (Case::CheckPaid, ASKED),
        (Case::CheckWithoutSession, PAID),
        (Case::Backfill, PARTLY_REFUNDED),
        (Case::NumberReceipts, NUMBERED),
    ];
    let once = once.map(|(case, end)| PurchaseScenario { case, then: Then::Repeated, end });
    twice.into_iter().flatten().chain(once).map(|scenario| Arc::new(scenario) as Arc<dyn Scenario>)
}

#[async_trait]
impl Scenario for PurchaseScenario {
    fn name(&self) -> String {
        format!("{:?}_{:?}", self.case, self.then)
    }

    fn later(&self) -> SignedDuration {
        match self.case {
            Case::RetryEvents | Case::CheckPaid | Case::CheckWithoutSession => SignedDuration::from_mins(10),
            // The events are then older than the overlap of two backfills.
            Case::Backfill => SignedDuration::from_hours(1),
            _ => SignedDuration::ZERO,
        }
    }

    /// Past the session's end if the buyer does not return to discard it.
    fn much_later(&self) -> SignedDuration {
        if self.case == Case::Discard && self.then == Then::Reconciled {
            SignedDuration::from_hours(25)
        } else {
            PAST_EVERY_LEASE
        }
    }

    /// If the process was killed before the order was written, and the buyer does not try again, there is no order.
    async fn expected(&self, place: &Place<'_>) -> &'static str {
        let may_be_lost = self.case == Case::Order && self.then == Then::Reconciled;
        if may_be_lost && place.purchases().await.is_empty() { "" } else { self.end }
    }

    async fn prepare(&self, place: &Place<'_>) -> Act {
        match self.case {
            Case::Order => Act::Order { buyer: place.principal.user_id, key: "the-buyer's".to_owned() },
            Case::ReturnPage => {
                let (purchase, session) = place.paid().await;
                Act::Confirm { tenant: purchase.tenant_id, session }
            }
            Case::Discard => {
                let (purchase, _) = place.ordered().await;
                Act::Discard { tenant: purchase.tenant_id, purchase: purchase.id }
            }
            Case::Payment => {
                place.paid().await;
                place.told_of("checkout.session.completed").await
            }
            Case::PaymentAfterItsRefund => {
                let (_, session) = place.paid().await;
                place.double.control("/refunds", json!({"session": session})).await;
                // Stripe sends no other notifications about the refund.
                for kind in ["refund.created", "charge.refunded"] {
                    perform(place.shop, &place.told_of(kind).await).await;
                }
                place.told_of("checkout.session.completed").await
            }
            Case::PartialRefund => {
                let session = place.settled().await;
                place.double.control("/refunds", json!({"session": session, "amount": 300})).await;
                place.told_of("charge.refunded").await
            }
            Case::FullRefund => {
                let session = place.settled().await;
                place.double.control("/refunds", json!({"session": session})).await;
                place.told_of("charge.refunded").await
            }
            Case::Dispute => {
                let session = place.settled().await;
                place.double.control("/disputes", json!({"session": session})).await;
                place.told_of("charge.dispute.created").await
            }
            Case::DisputeWon => {
                let session = place.settled().await;
                let dispute = place.double.control("/disputes", json!({"session": session})).await;
                place.send_all().await;
                let id = dispute["id"].as_str().unwrap();
                place.double.control(&format!("/disputes/{id}/win"), json!({})).await;
                place.told_of("charge.dispute.closed").await
            }
            Case::RetryEvents => {
                let session = place.settled().await;
                place.double.control("/refunds", json!({"session": session, "amount": 300})).await;
                let refund = place.double.event("charge.refunded").await;
                let received = place.shop.billing_over(silent()).receive_event(event::read(refund.as_bytes())).await;
                assert_eq!(received.unwrap(), Received::Deferred);
                Act::RetryEvents
            }
            Case::CheckPaid => {
                place.paid().await;
                Act::CheckPending
            }
            Case::CheckWithoutSession => {
                let order = place.shop.billing_over(silent()).order(place.principal, Order::of("credits_5")).await;
                order.unwrap_err();
                Act::CheckPending
            }
            Case::Backfill => {
                let (_, session) = place.paid().await;
                place.double.control("/refunds", json!({"session": session, "amount": 300})).await;
                Act::Backfill
            }
            Case::NumberReceipts => {
                place.settled().await;
                place.settled().await;
                Act::NumberReceipts
            }
        }
    }

    async fn go_on(&self, place: &Place<'_>, act: &Act) -> String {
        match self.then {
            Then::Repeated => perform(place.shop, act).await,
            Then::Reconciled => place.shop.reconcile().await,
        }
        if matches!(self.case, Case::Order | Case::CheckWithoutSession) {
            place.pay_what_is_open().await;
        }
        match self.then {
            // Only the worker knows about these; Stripe sends nothing.
            Then::Repeated if matches!(self.case, Case::RetryEvents | Case::CheckPaid) => {}
            // The worker also applies events that were fetched but not applied.
            Then::Repeated if self.case == Case::Backfill => perform(place.shop, &Act::RetryEvents).await,
            Then::Repeated => place.send_all().await,
            Then::Reconciled => place.shop.reconcile().await,
        }
        end::write(place).await
    }
}

/// A provider that never answers.
fn silent() -> Arc<ScriptedProvider> {
    let provider = ScriptedProvider::default();
    provider.set_unavailable(true);
    Arc::new(provider)
}

impl Place<'_> {
    pub async fn purchases(&self) -> Vec<Purchase> {
        let page = PageRequest { limit: 100, older_than: None };
        self.shop.store.purchases(self.principal.tenant_id, page).await.unwrap()
    }

    async fn ordered(&self) -> (Purchase, String) {
        let purchase = self.shop.billing.order(self.principal, Order::of("credits_5")).await.unwrap();
        let session = purchase.checkout.as_ref().unwrap().provider_ref.clone();
        (purchase, session)
    }

    async fn pay(&self, session: &str) {
        self.double.control(&format!("/sessions/{session}/pay"), json!({})).await;
    }

    async fn paid(&self) -> (Purchase, String) {
        let (purchase, session) = self.ordered().await;
        self.pay(&session).await;
        (purchase, session)
    }

    /// A purchase that is paid and settled.
    async fn settled(&self) -> String {
        let (_, session) = self.paid().await;
        self.send_all().await;
        session
    }

    async fn told_of(&self, kind: &str) -> Act {
        Act::Receive { event: self.double.event(kind).await }
    }

    /// Sends all of Stripe's notifications again.
    async fn send_all(&self) {
        for event in self.double.events().await {
            let received = self.shop.billing.receive_event(event::read(event.to_string().as_bytes())).await;
            assert_eq!(received.unwrap(), Received::Applied, "{}", event["type"]);
        }
    }

    /// The buyer pays the session that the shop shows as open.
    async fn pay_what_is_open(&self) {
        let open: Vec<Value> = self.double.books().await;
        for purchase in self.purchases().await.iter().filter(|purchase| purchase.status() == Status::Pending) {
            let session = &purchase.checkout.as_ref().expect("the shop shows a session").provider_ref;
            if open.iter().any(|known| known["session"] == **session && known["status"] == "open") {
                self.pay(session).await;
            }
        }
    }
}
