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

/// Opens checkout sessions and tells how they stand.
///
/// A call whose outcome is unknown (time-out, reset) is [`ProviderError::Unavailable`] and may be repeated: each
/// call about one purchase has the same effect however often it is made.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Whether real money moves.
    fn livemode(&self) -> bool;

    /// Whether to retrieve a checkout session is to pay it, as in mock mode.
    fn pays_on_retrieve(&self) -> bool {
        false
    }

    /// Opens the checkout session of a purchase, or gives the one it opened before.
    async fn create_checkout(&self, purchase: &Purchase, buyer_email: &str) -> Result<CheckoutSession, ProviderError>;

    /// The checkout session of a purchase as it stands now; `None` when the purchase has none there.
    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;

    /// Expires an open checkout session, so that it can no longer be paid. Gives the session as it then stands: one
    /// that was paid in the meantime comes back complete.
    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;

    /// A payment with its refunds and disputes, by its own id (`pi_…`) or its charge's (`ch_…`, `py_…`); `None`
    /// when the provider has no such payment.
    async fn retrieve_payment(&self, payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError>;

    /// A checkout session with all that its sale can be written anew from, by its own id (`cs_…`) or by the payment
    /// that it led to (`pi_…`); `None` when the provider has no such session.
    async fn retrieve_sale(&self, reference: &str) -> Result<Option<SaleRecord>, ProviderError>;

    /// The notifications made since an instant, about what the shop acts upon, oldest first within a page; for those
    /// that were missed. `page` goes on where an earlier call stopped.
    async fn events_since(&self, since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError>;
}

/// A checkout session, and what a purchase that the database has lost can be written anew from. All but the session,
/// its amount and its time is what the shop itself wrote on it; sessions of older versions lack some.
#[derive(Clone, PartialEq, Eq)]
pub struct SaleRecord {
    /// How the session stands.
    pub session: CheckoutSession,
    /// When it was opened.
    pub created_at: Timestamp,
    /// Who ordered.
    pub ordered_by: Option<UserId>,
    /// The address that the session was opened with.
    pub buyer_email: Option<String>,
    /// The product.
    pub product_id: Option<String>,
    /// The credits that were sold.
    pub credits: Option<Credits>,
    /// What they were ordered for, in cents; what was charged is the session's.
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

/// A payment with its refunds and disputes, as in the provider's books.
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
    /// When the books were asked. The instant before the call: an answer that was overtaken on the way is the older
    /// one.
    pub observed_at: Timestamp,
    /// Every refund and every dispute of it, whatever became of them; oldest first.
    pub snapshots: Vec<Snapshot>,
    /// What keeps the books from being read. Of a payment that is not this shop's, that is of no interest.
    pub unreadable: Option<String>,
}

impl PaymentRecord {
    /// The books, if they can be read.
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
    /// As they would have come by webhook.
    pub events: Vec<IncomingEvent>,
    /// What to ask for next; `None` on the last page.
    pub next_page: Option<String>,
}

/// Why a call to the provider gave no result. Of a payment that may have been begun, none of these says that there was
/// none.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ProviderError {
    /// It did not answer, or asked to come back later; whether the call took effect is unknown.
    #[error("the payment provider is not available: {detail}")]
    Unavailable {
        /// For the log; no secret in it.
        detail: String,
        /// When it asked to be called again.
        retry_after: Option<Duration>,
    },
    /// It does not accept the shop's key, or the key lacks a right. The call had no effect, and works again once an
    /// operator has mended the key.
    #[error("the payment provider does not accept the shop's key: {detail}")]
    AccessDenied {
        /// For the log; no secret in it.
        detail: String,
    },
    /// It understood, and refused what was asked.
    #[error("the payment provider refused: {detail}")]
    Rejected {
        /// For the log; no secret in it.
        detail: String,
    },
    /// It answered without a field that decides; whether the call took effect is unknown.
    #[error("the payment provider's answer cannot be used: {detail}")]
    Unreadable {
        /// For the log; names the field, no secret in it.
        detail: String,
    },
}
