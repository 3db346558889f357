//! The results of applying what the provider says.

use crate::{
    ids::{PurchaseId, TenantId},
    purchase::Purchase,
};

/// The result of applying a checkout session, or refunds and disputes, to a purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The purchase has changed.
    Changed(Purchase),
    /// Nothing about it is new.
    Unchanged(Purchase),
    /// The provider contradicts the purchase. Nothing was booked; an operator has to look into it.
    Discrepant(Purchase, Discrepancy),
}

impl Applied {
    /// The purchase as it stands now.
    pub fn into_purchase(self) -> Purchase {
        match self {
            Self::Changed(purchase) | Self::Unchanged(purchase) | Self::Discrepant(purchase, _) => purchase,
        }
    }
}

/// How a session contradicts the purchase that it is said to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Discrepancy {
    /// Another amount than was ordered.
    #[error("the session's amount is not the purchase's")]
    Amount,
    /// Another currency than was ordered.
    #[error("the session's currency is not the purchase's")]
    Currency,
    /// Test money for a live key, or the reverse.
    #[error("the session's livemode is not the key's")]
    Livemode,
    /// The purchase has another checkout session.
    #[error("the purchase has another checkout session")]
    Session,
    /// The purchase was paid by another payment.
    #[error("the purchase has another payment")]
    Payment,
}

impl Discrepancy {
    /// The reason's name in the metrics.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Livemode => "livemode",
            Self::Session => "session",
            Self::Payment => "payment",
        }
    }
}

/// The state of a payment event that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Its effect is booked, by this call or before.
    Applied,
    /// It has no effect.
    Ignored,
    /// An operator has to look into it.
    Attention,
    /// Applying it failed; it is retried.
    Deferred,
}

/// The result of processing a stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// What became of it.
    pub received: Received,
    /// Why, for the operator; no personal data. The event's own note can be older: an event that needed attention
    /// keeps it when it cannot be applied again.
    pub why: String,
}

impl Processed {
    pub(super) fn new(received: Received, why: impl Into<String>) -> Self {
        Self { received, why: why.into() }
    }
}

/// The result of one attempt to apply an event.
pub(super) enum Attempt {
    /// The event is finished.
    Done(Processed),
    /// Its purchase is not known yet; it may still come.
    TooEarly {
        /// What is missing.
        why: &'static str,
        /// The purchase, where the provider's record names one of this shop.
        ours: Option<(TenantId, PurchaseId)>,
    },
}

/// The note of an event that was applied.
pub(super) const APPLIED: &str = "applied";
/// The note of an event that told nothing new.
pub(super) const NOTHING_NEW: &str = "nothing new";
