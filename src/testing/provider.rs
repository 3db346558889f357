//! A scripted payment provider.

mod reversals;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    fixtures::{SteppingClock, checkout, incoming},
    lock, yield_now,
};
use crate::{
    clock::Clock,
    event::{EventMeaning, IncomingEvent},
    ids::PurchaseId,
    provider::{
        CheckoutSession, EventPage, PaymentProvider, PaymentRecord, PaymentStatus, ProviderError, SaleRecord,
        SessionStatus,
    },
    purchase::Purchase,
    reversal::Snapshot,
};

const EVENTS_PER_PAGE: usize = 3;

/// Keeps one checkout session for each purchase, the refunds and disputes of its payment, and a list of all
/// notifications, which it does not send.
#[derive(Debug, Default)]
pub struct ScriptedProvider {
    clock: Arc<SteppingClock>,
    books: Mutex<Books>,
    unavailable: AtomicBool,
    rejecting: AtomicBool,
    shows_books: AtomicBool,
}

#[derive(Debug, Default)]
struct Books {
    payments: BTreeMap<PurchaseId, Payment>,
    told: Vec<(Timestamp, IncomingEvent)>,
}

#[derive(Debug)]
struct Payment {
    session: CheckoutSession,
    /// The order and e-mail address that it was opened with.
    order: Purchase,
    buyer_email: String,
    /// The delayed payment has failed.
    broken: bool,
    /// The refunds and disputes, oldest first.
    snapshots: Vec<Snapshot>,
}

impl ScriptedProvider {
    /// A provider whose notifications have the time of this clock.
    pub fn at(clock: Arc<SteppingClock>) -> Self {
        Self { clock, ..Self::default() }
    }

    /// From now on, calls take effect, but their answers are lost.
    pub fn set_unavailable(&self, unavailable: bool) {
        self.unavailable.store(unavailable, Ordering::Relaxed);
    }

    /// From now on, no session is opened.
    pub fn set_rejecting(&self, rejecting: bool) {
        self.rejecting.store(rejecting, Ordering::Relaxed);
    }

    /// From now on, payments can be retrieved. Until then, refunds and disputes are only in the events.
    pub fn set_shows_books(&self, shows: bool) {
        self.shows_books.store(shows, Ordering::Relaxed);
    }

    /// The session of a purchase.
    pub fn session(&self, purchase: PurchaseId) -> Option<CheckoutSession> {
        lock(&self.books).payments.get(&purchase).map(|payment| payment.session.clone())
    }

    /// The purchases that have a session.
    pub fn purchases(&self) -> Vec<PurchaseId> {
        lock(&self.books).payments.keys().copied().collect()
    }

    /// All notifications so far.
    pub fn events(&self) -> Vec<IncomingEvent> {
        lock(&self.books).told.iter().map(|(_, event)| event.clone()).collect()
    }

    /// The buyer pays, or the delayed payment arrives.
    pub fn pay(&self, purchase: PurchaseId) {
        self.change(purchase, |session| {
            session.status = SessionStatus::Complete;
            session.payment = PaymentStatus::Paid;
            session.payment_ref = Some(format!("pi_{purchase}"));
            session.url = None;
        });
    }

    /// The buyer completes the session with a delayed payment.
    pub fn promise(&self, purchase: PurchaseId) {
        self.change(purchase, |session| {
            session.status = SessionStatus::Complete;
            session.payment_ref = Some(format!("pi_{purchase}"));
            session.url = None;
        });
    }

    /// The delayed payment fails.
    pub fn break_promise(&self, purchase: PurchaseId) {
        let mut books = lock(&self.books);
        let Some(payment) = books.payments.get_mut(&purchase).filter(|payment| payment.is_promised()) else { return };
        payment.broken = true;
        let session = payment.session.clone();
        self.tell(&mut books, purchase, EventMeaning::PaymentFailed(session));
    }

    /// The session expires, if it is open.
    pub fn expire(&self, purchase: PurchaseId) {
        self.change(purchase, expire);
    }

    /// The session charges another amount than was ordered.
    pub fn charge(&self, purchase: PurchaseId, cents: i64) {
        self.change(purchase, |session| session.amount_total = Some(cents));
    }

    /// Whether the purchase can still be paid: the session is open, or a delayed payment is under way.
    pub fn can_be_paid(&self, purchase: PurchaseId) -> bool {
        let books = lock(&self.books);
        books
            .payments
            .get(&purchase)
            .is_some_and(|payment| payment.session.status == SessionStatus::Open || payment.is_promised())
    }

    fn change(&self, purchase: PurchaseId, change: impl FnOnce(&mut CheckoutSession)) {
        let mut books = lock(&self.books);
        let Some(Payment { session, .. }) = books.payments.get_mut(&purchase) else { return };
        let before = session.clone();
        change(session);
        let session = session.clone();
        if session != before {
            self.tell(&mut books, purchase, EventMeaning::Checkout(session));
        }
    }

    fn tell(&self, books: &mut Books, purchase: PurchaseId, meaning: EventMeaning) {
        let id = format!("evt_{purchase}_{}", books.told.len());
        books.told.push((self.clock.now(), incoming(&id, meaning)));
    }

    fn sale(&self, reference: &str) -> Option<SaleRecord> {
        let books = lock(&self.books);
        let is_named = |Payment { session, .. }: &&Payment| {
            session.provider_ref == reference || session.payment_ref.as_deref() == Some(reference)
        };
        let Payment { session, order, buyer_email, .. } = books.payments.values().find(is_named)?;
        Some(SaleRecord {
            session: session.clone(),
            created_at: order.created_at,
            ordered_by: Some(order.ordered_by),
            buyer_email: Some(buyer_email.clone()),
            product_id: Some(order.item.product_id.clone()),
            credits: Some(order.item.credits),
            amount_cents: Some(order.item.price.cents),
            consent: order.consent.clone(),
            locale: Some(order.locale),
        })
    }

    fn answer<T>(&self, answer: T) -> Result<T, ProviderError> {
        if self.unavailable.load(Ordering::Relaxed) {
            return Err(ProviderError::Unavailable { detail: "scripted".to_owned(), retry_after: None });
        }
        Ok(answer)
    }
}

impl Payment {
    fn is_promised(&self) -> bool {
        let Self { session, broken, .. } = self;
        session.status == SessionStatus::Complete && session.payment == PaymentStatus::Unpaid && !broken
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

    async fn create_checkout(&self, purchase: &Purchase, buyer_email: &str) -> Result<CheckoutSession, ProviderError> {
        yield_now().await;
        if self.rejecting.load(Ordering::Relaxed) {
            return Err(ProviderError::Rejected { detail: "scripted".to_owned() });
        }
        // The same key returns the first answer again, whatever the state of the session.
        let session = open(purchase);
        let opened = || Payment {
            session: session.clone(),
            order: purchase.clone(),
            buyer_email: buyer_email.to_owned(),
            broken: false,
            snapshots: Vec::new(),
        };
        lock(&self.books).payments.entry(purchase.id).or_insert_with(opened);
        yield_now().await;
        self.answer(session)
    }

    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        yield_now().await;
        let session = self.session(purchase.id);
        yield_now().await;
        self.answer(session)
    }

    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        yield_now().await;
        self.expire(purchase.id);
        let session = self.session(purchase.id);
        yield_now().await;
        self.answer(session)
    }

    async fn retrieve_payment(&self, payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError> {
        yield_now().await;
        let record = self.record(payment_ref).filter(|_| self.shows_books.load(Ordering::Relaxed));
        yield_now().await;
        self.answer(record)
    }

    async fn retrieve_sale(&self, reference: &str) -> Result<Option<SaleRecord>, ProviderError> {
        yield_now().await;
        let sale = self.sale(reference);
        yield_now().await;
        self.answer(sale)
    }

    async fn events_since(&self, since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError> {
        yield_now().await;
        let from: usize = page.and_then(|page| page.parse().ok()).unwrap_or(0);
        let made: Vec<IncomingEvent> = {
            let books = lock(&self.books);
            books.told.iter().filter(|(at, _)| *at >= since).map(|(_, event)| event.clone()).collect()
        };
        let next_page = (from + EVENTS_PER_PAGE < made.len()).then(|| (from + EVENTS_PER_PAGE).to_string());
        let events = made.into_iter().skip(from).take(EVENTS_PER_PAGE).collect();
        yield_now().await;
        self.answer(EventPage { events, next_page })
    }
}
