//! A payment provider that does as it is told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use billing::{
    provider::{CheckoutSession, EventPage, PaymentProvider, PaymentRecord, ProviderError, SaleRecord},
    purchase::Purchase,
};
use jiff::Timestamp;
use server::mock::MockProvider;

const WORKS: u8 = 0;
const UNAVAILABLE: u8 = 1;
const REJECTS: u8 = 2;

/// The mock provider with a switch; clones share it.
#[derive(Clone)]
pub struct Fickle {
    mock: MockProvider,
    mood: Arc<AtomicU8>,
}

impl Fickle {
    pub fn new() -> Self {
        Self { mock: MockProvider::new(crate::shop::ORIGIN.parse().unwrap()), mood: Arc::default() }
    }

    pub fn work(&self) {
        self.mood.store(WORKS, Ordering::SeqCst);
    }

    pub fn be_unavailable(&self) {
        self.mood.store(UNAVAILABLE, Ordering::SeqCst);
    }

    pub fn reject(&self) {
        self.mood.store(REJECTS, Ordering::SeqCst);
    }

    fn ask(&self) -> Result<(), ProviderError> {
        let detail = "as it was told; sk_test_secret".to_owned();
        match self.mood.load(Ordering::SeqCst) {
            UNAVAILABLE => Err(ProviderError::Unavailable { detail, retry_after: Some(Duration::from_secs(7)) }),
            REJECTS => Err(ProviderError::Rejected { detail }),
            _ => Ok(()),
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
        self.mock.retrieve_checkout(purchase).await
    }

    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        self.ask()?;
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
