//! The port to the payment provider.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

pub use crate::checkout_session::{CheckoutSession, PaymentStatus, SessionStatus};
use crate::{
    consent::ConsentVersion,
    event::IncomingEvent,
    ids::{PurchaseId, TenantId, UserId},
    locale::Locale,
    money::Credits,
    purchase::Purchase,
    reversal::Snapshot,
};

/// Opens and retrieves checkout sessions, payments and events.
///
/// All calls are idempotent for one purchase. A call whose outcome is unknown (time-out, reset) fails with
/// [`ProviderError::Unavailable`] and may be repeated.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Whether real money moves.
    fn livemode(&self) -> bool;

    /// Whether retrieving a checkout session pays it, as in mock mode.
    fn pays_on_retrieve(&self) -> bool {
        false
    }

    /// Opens the checkout session of a purchase, or returns the one that is open already.
    async fn create_checkout(&self, purchase: &Purchase, buyer_email: &str) -> Result<CheckoutSession, ProviderError>;

    /// The checkout session of a purchase; `None` when the provider has none.
    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;

    /// Expires an open checkout session, so that it can no longer be paid. Returns the session in its new state, which
    /// is complete if it was paid in the meantime.
    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;

    /// A payment with its refunds and disputes, by its own id (`pi_…`) or its charge's (`ch_…`, `py_…`); `None`
    /// when the provider has no such payment.
    async fn retrieve_payment(&self, payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError>;

    /// A checkout session with the data that its sale can be restored from, by its own id (`cs_…`) or by its payment's
    /// (`pi_…`); `None` when the provider has no such session.
    async fn retrieve_sale(&self, reference: &str) -> Result<Option<SaleRecord>, ProviderError>;

    /// The notifications since a point in time, of the types that the shop acts on, oldest first within a page. `page`
    /// is the [`next_page`](EventPage::next_page) of an earlier call.
    async fn events_since(&self, since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError>;
}

/// A checkout session with the data that a lost purchase can be restored from. All but the session, its amount and its
/// time are metadata that the shop wrote on it; sessions of older versions lack some of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SaleRecord {
    /// The session.
    pub session: CheckoutSession,
    /// When it was opened.
    pub created_at: Timestamp,
    /// The user who ordered.
    pub ordered_by: Option<UserId>,
    /// The e-mail address that the session was opened with.
    pub buyer_email: Option<String>,
    /// The product.
    pub product_id: Option<String>,
    /// The credits that were sold.
    pub credits: Option<Credits>,
    /// The price of the order, in cents; the amount charged is in the session.
    pub amount_cents: Option<i64>,
    /// The wording that the buyer agreed to.
    pub consent: Option<ConsentVersion>,
    /// The language that the buyer ordered in.
    pub locale: Option<Locale>,
}

/// Personal data stays out of logs.
impl fmt::Debug for SaleRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaleRecord").field("session", &self.session).finish_non_exhaustive()
    }
}

/// A payment with its refunds and disputes, in the provider's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRecord {
    /// Its id: `pi_…`.
    pub payment_ref: String,
    /// Whether real money moved.
    pub livemode: bool,
    /// The purchase that it pays, by its metadata.
    pub purchase_id: Option<PurchaseId>,
    /// The purchase's tenant, by its metadata.
    pub tenant_id: Option<TenantId>,
    /// When the provider was asked. The time before the call, so that of two overlapping calls the one that started
    /// later counts as newer.
    pub observed_at: Timestamp,
    /// Every refund and dispute in any state; oldest first.
    pub snapshots: Vec<Snapshot>,
    /// Why the refunds and disputes cannot be read. An error only for a payment of this shop.
    pub unreadable: Option<String>,
}

impl PaymentRecord {
    /// The record, if its refunds and disputes can be read.
    pub fn readable(self) -> Result<Self, ProviderError> {
        match self.unreadable {
            Some(detail) => Err(ProviderError::Unreadable { detail }),
            None => Ok(self),
        }
    }
}

/// A page of the provider's notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The notifications, as the webhook would have received them.
    pub events: Vec<IncomingEvent>,
    /// The next page; `None` on the last.
    pub next_page: Option<String>,
}

/// Why a call to the provider failed. None of these errors proves that a payment was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    /// It did not answer, or asked to be called later. Whether the call had its effect is unknown.
    #[error("the payment provider is not available: {detail}")]
    Unavailable {
        /// For the log; no secret in it.
        detail: String,
        /// When it asked to be called again.
        retry_after: Option<Duration>,
    },
    /// It does not accept the shop's key, or the key lacks a permission. The call had no effect, and works again once
    /// an operator has fixed the key.
    #[error("the payment provider does not accept the shop's key: {detail}")]
    AccessDenied {
        /// For the log; no secret in it.
        detail: String,
    },
    /// It refused the request.
    #[error("the payment provider refused: {detail}")]
    Rejected {
        /// For the log; no secret in it.
        detail: String,
    },
    /// Its answer lacks a required field. Whether the call had its effect is unknown.
    #[error("the payment provider's answer cannot be used: {detail}")]
    Unreadable {
        /// For the log; names the field, no secret in it.
        detail: String,
    },
}
