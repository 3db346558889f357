//! The payment provider of mock mode: every checkout session leads straight to the success page, and is paid there.

use async_trait::async_trait;
use billing::{
    provider::{
        CheckoutSession, EventPage, PaymentProvider, PaymentRecord, PaymentStatus, ProviderError, SaleRecord,
        SessionStatus,
    },
    purchase::{Purchase, State},
};
use jiff::Timestamp;
use url::Url;

/// The prefix of the ids of mock mode's checkout sessions. No other session has it.
pub const MOCK_SESSION_PREFIX: &str = "cs_mock_";

/// The provider. It is stateless, so that any process knows any session, also after a restart.
#[derive(Clone, Debug)]
pub struct MockProvider {
    public_url: Url,
}

impl MockProvider {
    /// A provider whose checkout pages are the shop's own, at the given address.
    pub fn new(public_url: Url) -> Self {
        Self { public_url }
    }

    fn session(&self, purchase: &Purchase, status: SessionStatus) -> CheckoutSession {
        let provider_ref = format!("{MOCK_SESSION_PREFIX}{}", purchase.id);
        let mut url = self.public_url.clone();
        url.set_path("/checkout/success");
        url.query_pairs_mut().append_pair("session_id", &provider_ref);
        let paid = status == SessionStatus::Complete;
        CheckoutSession {
            purchase_id: Some(purchase.id),
            tenant_id: Some(purchase.tenant_id),
            url: (status == SessionStatus::Open).then(|| url.into()),
            status,
            payment: if paid { PaymentStatus::Paid } else { PaymentStatus::Unpaid },
            amount_total: Some(purchase.item.price.cents),
            currency: Some(purchase.item.price.currency.code().to_owned()),
            livemode: self.livemode(),
            payment_ref: paid.then(|| format!("pi_mock_{}", purchase.id)),
            provider_ref,
        }
    }
}

#[async_trait]
impl PaymentProvider for MockProvider {
    fn livemode(&self) -> bool {
        false
    }

    fn pays_on_retrieve(&self) -> bool {
        true
    }

    async fn create_checkout(&self, purchase: &Purchase, _buyer_email: &str) -> Result<CheckoutSession, ProviderError> {
        Ok(self.session(purchase, SessionStatus::Open))
    }

    /// Pays the session, unless the purchase has failed; then its session has expired.
    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        let failed = matches!(purchase.state, State::Failed(_));
        let status = if failed { SessionStatus::Expired } else { SessionStatus::Complete };
        Ok(Some(self.session(purchase, status)))
    }

    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        Ok(Some(self.session(purchase, SessionStatus::Expired)))
    }

    /// There is no record of payments, so the figures of signed events are used.
    async fn retrieve_payment(&self, _payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError> {
        Ok(None)
    }

    /// Mock mode knows no sales besides those in the database.
    async fn retrieve_sale(&self, _reference: &str) -> Result<Option<SaleRecord>, ProviderError> {
        Ok(None)
    }

    async fn events_since(&self, _since: Timestamp, _page: Option<&str>) -> Result<EventPage, ProviderError> {
        Ok(EventPage { events: Vec::new(), next_page: None })
    }
}
