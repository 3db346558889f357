//! The provider's checkout session.

use crate::ids::{PurchaseId, TenantId};

/// A checkout session as the provider shows it, with only the fields that the shop uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckoutSession {
    /// Its id: `cs_…`.
    pub provider_ref: String,
    /// The purchase it was opened for, from its `client_reference_id` or metadata.
    pub purchase_id: Option<PurchaseId>,
    /// The purchase's tenant, from the metadata that the shop wrote on the session.
    pub tenant_id: Option<TenantId>,
    /// The payment page; `None` once the session is no longer open.
    pub url: Option<String>,
    /// Whether it is open, complete or expired.
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
    /// It can no longer be paid.
    Expired,
}

/// Whether a checkout session is paid. Credits are booked by this, not by the event's type.
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
