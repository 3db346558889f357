//! The port to the payment provider.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

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

    /// Ends an open checkout session, so that nobody can pay it any more. Gives the session as it then stands: one
    /// that was paid in the meantime comes back complete.
    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError>;

    /// A payment with everything that went back of it, by its own id (`pi_…`) or its charge's (`ch_…`, `py_…`); `None`
    /// when the provider has no such payment.
    async fn retrieve_payment(&self, payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError>;

    /// A checkout session with all that its sale can be written anew from, by its own id (`cs_…`) or by the payment that it
    /// led to (`pi_…`); `None` when the provider has no such session.
    async fn retrieve_sale(&self, reference: &str) -> Result<Option<SaleRecord>, ProviderError>;

    /// The notifications made since an instant, about what the shop acts upon, oldest first within a page; for those
    /// that were missed. `page` goes on where an earlier call stopped.
    async fn events_since(&self, since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError>;
}

/// A checkout session as the provider shows it; just the fields that the shop decides upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutSession {
    /// Its id: `cs_…`.
    pub provider_ref: String,
    /// The purchase it was opened for, by its `client_reference_id` or metadata.
    pub purchase_id: Option<PurchaseId>,
    /// The purchase's tenant, by the metadata that the shop itself gave the session.
    pub tenant_id: Option<TenantId>,
    /// Where the buyer pays; gone once the session is no longer open.
    pub url: Option<String>,
    /// Whether it is open, finished or expired.
    pub status: SessionStatus,
    /// Whether the money is there.
    pub payment: PaymentStatus,
    /// What is charged, in the currency's smallest unit.
    pub amount_total: Option<i64>,
    /// ISO 4217, in either case.
    pub currency: Option<String>,
    /// Whether real money moves.
    pub livemode: bool,
    /// The payment it led to: `pi_…`.
    pub payment_ref: Option<String>,
}

/// A checkout session, and what a purchase that the database has lost can be written anew from. All but the session, its
/// amount and its time is what the shop itself wrote on it; sessions of older versions lack some.
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

/// A payment as the provider's books have it, with all that went back of it.
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
    /// Every refund and every dispute of it, whatever became of them; oldest first.
    pub snapshots: Vec<Snapshot>,
}

/// A page of the provider's notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// As they would have come by webhook.
    pub events: Vec<IncomingEvent>,
    /// What to ask for next; `None` on the last page.
    pub next_page: Option<String>,
}

/// Whether a checkout session can still be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// The buyer can pay.
    Open,
    /// The buyer is through; the money may still be on its way.
    Complete,
    /// Nobody can pay any more.
    Expired,
}

/// Whether the money is there; this, not the event's type, decides about credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It is.
    Paid,
    /// There is none to pay.
    NotRequired,
    /// Not yet, or never.
    Unpaid,
    /// It was promised in a finished session, and did not come.
    Failed,
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
