//! A payment provider that does as the test tells it.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{fixtures::checkout, give_way, lock};
use crate::{
    event::IncomingEvent,
    ids::PurchaseId,
    provider::{
        CheckoutSession, EventPage, PaymentProvider, PaymentRecord, PaymentStatus, ProviderError, SessionStatus,
    },
    purchase::Purchase,
};

/// Keeps one checkout session for each purchase; no real money.
#[derive(Debug, Default)]
pub struct ScriptedProvider {
    sessions: Mutex<BTreeMap<PurchaseId, CheckoutSession>>,
    books: Mutex<Option<PaymentRecord>>,
    missed: Mutex<Vec<IncomingEvent>>,
    unavailable: AtomicBool,
    rejecting: AtomicBool,
}

impl ScriptedProvider {
    /// From now on, calls have their effect, but nobody hears of it.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.store(unavailable, Ordering::Relaxed);
    }

    /// From now on, no session is opened.
    pub fn set_rejecting(&self, rejecting: bool) {
        self.rejecting.store(rejecting, Ordering::Relaxed);
    }

    /// From now on, these are the books on any payment. Until then there are none, and events must speak for themselves.
    pub fn set_books(&self, books: PaymentRecord) {
        *lock(&self.books) = Some(books);
    }

    /// From now on, these are in the list of events.
    pub fn set_missed(&self, events: Vec<IncomingEvent>) {
        *lock(&self.missed) = events;
    }

    /// The session of a purchase as it stands.
    pub fn session(&self, purchase: PurchaseId) -> Option<CheckoutSession> {
        lock(&self.sessions).get(&purchase).cloned()
    }

    /// The buyer has paid.
    pub fn pay(&self, purchase: PurchaseId) {
        self.change(purchase, |session| {
            session.status = SessionStatus::Complete;
            session.payment = PaymentStatus::Paid;
            session.payment_ref = Some(format!("pi_{purchase}"));
            session.url = None;
        });
    }

    /// The buyer is through, and the money on its way.
    pub fn promise(&self, purchase: PurchaseId) {
        self.change(purchase, |session| {
            session.status = SessionStatus::Complete;
            session.payment_ref = Some(format!("pi_{purchase}"));
            session.url = None;
        });
    }

    /// The session has run out.
    pub fn expire(&self, purchase: PurchaseId) {
        self.change(purchase, expire);
    }

    /// Another amount is charged than was ordered.
    pub fn charge(&self, purchase: PurchaseId, cents: i64) {
        self.change(purchase, |session| session.amount_total = Some(cents));
    }

    fn change(&self, purchase: PurchaseId, change: impl FnOnce(&mut CheckoutSession)) {
        if let Some(session) = lock(&self.sessions).get_mut(&purchase) {
            change(session);
        }
    }

    fn answer<T>(&self, answer: T) -> Result<T, ProviderError> {
        if self.unavailable.load(Ordering::Relaxed) {
            return Err(ProviderError::Unavailable { detail: "scripted".to_owned(), retry_after: None });
        }
        Ok(answer)
    }
}

fn expire(session: &mut CheckoutSession) {
    if session.status == SessionStatus::Open {
        session.status = SessionStatus::Expired;
        session.url = None;
    }
}

fn open(purchase: &Purchase) -> CheckoutSession {
    let checkout = checkout(purchase);
    CheckoutSession {
        provider_ref: checkout.provider_ref,
        purchase_id: Some(purchase.id),
        tenant_id: Some(purchase.tenant_id),
        url: Some(checkout.url),
        status: SessionStatus::Open,
        payment: PaymentStatus::Unpaid,
        amount_total: Some(purchase.item.price.cents),
        currency: Some(purchase.item.price.currency.code().to_lowercase()),
        livemode: false,
        payment_ref: None,
    }
}

#[async_trait]
impl PaymentProvider for ScriptedProvider {
    fn livemode(&self) -> bool {
        false
    }

    async fn create_checkout(&self, purchase: &Purchase, _: &str) -> Result<CheckoutSession, ProviderError> {
        give_way().await;
        if self.rejecting.load(Ordering::Relaxed) {
            return Err(ProviderError::Rejected { detail: "scripted".to_owned() });
        }
        let session = lock(&self.sessions).entry(purchase.id).or_insert_with(|| open(purchase)).clone();
        give_way().await;
        self.answer(session)
    }

    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        give_way().await;
        let session = self.session(purchase.id);
        give_way().await;
        self.answer(session)
    }

    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        give_way().await;
        self.expire(purchase.id);
        let session = self.session(purchase.id);
        give_way().await;
        self.answer(session)
    }

    async fn retrieve_payment(&self, _: &str) -> Result<Option<PaymentRecord>, ProviderError> {
        give_way().await;
        self.answer(lock(&self.books).clone())
    }

    async fn events_since(&self, _: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError> {
        give_way().await;
        // One event a page.
        let at: usize = page.and_then(|page| page.parse().ok()).unwrap_or(0);
        let missed = lock(&self.missed);
        let next_page = (at + 1 < missed.len()).then(|| (at + 1).to_string());
        self.answer(EventPage { events: missed.get(at).cloned().into_iter().collect(), next_page })
    }
}
