//! The provider's checkout session, as far as the shop decides upon it.

use crate::ids::{PurchaseId, TenantId};

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
    /// Whether it is paid.
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

/// Whether a checkout session can still be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionStatus {
    /// The buyer can pay.
    Open,
    /// The buyer has finished; a delayed payment may still be under way.
    Complete,
    /// Nobody can pay any more.
    Expired,
}

/// Whether a checkout session is paid; this, not the event's type, decides about credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It is paid.
    Paid,
    /// There is nothing to pay.
    NotRequired,
    /// Not yet, or never.
    Unpaid,
    /// The delayed payment of a completed session has failed.
    Failed,
}
