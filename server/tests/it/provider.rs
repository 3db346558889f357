//! A payment provider whose faults a test can switch.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use billing::{
    provider::{CheckoutSession, EventPage, PaymentProvider, PaymentRecord, ProviderError, SaleRecord},
    purchase::Purchase,
};
use jiff::Timestamp;
use server::mock::MockProvider;

/// The provider's answer to every call.
#[derive(Clone, Copy, Debug, Default)]
pub enum Mood {
    #[default]
    Works,
    Unavailable,
    Denies,
    Rejects,
    Mumbles,
    /// It does not know the sessions that it has opened.
    Forgets,
}

/// Every kind of answer that leaves a payment's status unknown.
pub const SILENT: [Mood; 5] = [Mood::Unavailable, Mood::Denies, Mood::Rejects, Mood::Mumbles, Mood::Forgets];

/// The mock provider with switchable faults. Retrieving a session pays it. Clones share the switch.
#[derive(Clone)]
pub struct Fickle {
    mock: MockProvider,
    mood: Arc<Mutex<Mood>>,
}

impl Fickle {
    pub fn new() -> Self {
        Self { mock: MockProvider::new(crate::shop::ORIGIN.parse().unwrap()), mood: Arc::default() }
    }

    pub fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn forgets(&self) -> bool {
        matches!(*self.mood.lock().unwrap(), Mood::Forgets)
    }

    fn ask(&self) -> Result<(), ProviderError> {
        let detail = "as it was told; sk_test_secret".to_owned();
        match *self.mood.lock().unwrap() {
            Mood::Unavailable => Err(ProviderError::Unavailable { detail, retry_after: Some(Duration::from_secs(7)) }),
            Mood::Denies => Err(ProviderError::AccessDenied { detail }),
            Mood::Rejects => Err(ProviderError::Rejected { detail }),
            Mood::Mumbles => Err(ProviderError::Unreadable { detail }),
            Mood::Works | Mood::Forgets => Ok(()),
        }
    }
}

#[async_trait]
impl PaymentProvider for Fickle {
    fn livemode(&self) -> bool {
        false
    }

    async fn create_checkout(&self, purchase: &Purchase, email: &str) -> Result<CheckoutSession, ProviderError> {
        self.ask()?;
        self.mock.create_checkout(purchase, email).await
    }

    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        self.ask()?;
        if self.forgets() {
            return Ok(None);
        }
        self.mock.retrieve_checkout(purchase).await
    }

    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        self.ask()?;
        if self.forgets() {
            return Ok(None);
        }
        self.mock.expire_checkout(purchase).await
    }

    async fn retrieve_payment(&self, payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError> {
        self.ask()?;
        self.mock.retrieve_payment(payment_ref).await
    }

    async fn retrieve_sale(&self, reference: &str) -> Result<Option<SaleRecord>, ProviderError> {
        self.ask()?;
        self.mock.retrieve_sale(reference).await
    }

    async fn events_since(&self, since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError> {
        self.ask()?;
        self.mock.events_since(since, page).await
    }
}
