//! Purchases and their state machine.
//!
//! ```text
//! PENDING ──pay──▶ PAID ──refund──▶ REFUNDED
//!    │              ▲
//!    └──fail──▶ FAILED ──pay──┘        money that arrives late is still money
//! ```
//!
//! A FAILED purchase keeps its reason, with one exception: EXPIRED becomes CANCELLED if the buyer had discarded it.
//!
//! Each state is a type, with methods for the transitions that leave it. [`State`] is any of them, for use when the
//! state is known only at run time.

#[cfg(test)]
mod tests;

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    catalog::{Product, PurchaseType},
    clock::Entropy,
    consent::ConsentVersion,
    ids::{PurchaseId, TenantId, UserId, uuid_v7},
    locale::Locale,
    money::{Credits, Money},
    receipt::ReceiptNumber,
    reversal::{Reversals, Sold},
};

/// Ordered, and not yet paid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pending;

/// Paid; its credits are booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// When the purchase was settled.
    pub at: Timestamp,
}

/// Ended without payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Why.
    pub reason: FailureReason,
    /// When.
    pub at: Timestamp,
}

/// Paid, and refunded in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunded {
    /// When the purchase was settled.
    pub paid_at: Timestamp,
    /// When the refund was complete.
    pub at: Timestamp,
}

impl Pending {
    /// The payment has arrived.
    pub fn pay(self, at: Timestamp) -> Paid {
        Paid { at }
    }

    /// The checkout ended without payment.
    pub fn fail(self, reason: FailureReason, at: Timestamp) -> Failed {
        Failed { reason, at }
    }
}

impl Failed {
    /// The payment has arrived late.
    pub fn pay(self, at: Timestamp) -> Paid {
        Paid { at }
    }
}

impl Paid {
    /// The payment was refunded in full.
    pub fn refund(self, at: Timestamp) -> Refunded {
        Refunded { paid_at: self.at, at }
    }
}

/// Any state of a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// See [`Pending`].
    Pending(Pending),
    /// See [`Paid`].
    Paid(Paid),
    /// See [`Failed`].
    Failed(Failed),
    /// See [`Refunded`].
    Refunded(Refunded),
}

impl State {
    /// Moves to PAID, from PENDING or FAILED.
    pub fn pay(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending(pending) => Ok(Self::Paid(pending.pay(at))),
            Self::Failed(failed) => Ok(Self::Paid(failed.pay(at))),
            Self::Paid(_) | Self::Refunded(_) => Err(self.no_way_to(Status::Paid)),
        }
    }

    /// Moves to FAILED, from PENDING only. The reason EXPIRED can become CANCELLED.
    pub fn fail(self, reason: FailureReason, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Pending(pending) => Ok(Self::Failed(pending.fail(reason, at))),
            Self::Failed(Failed { reason: FailureReason::Expired, at }) if reason == FailureReason::Cancelled => {
                Ok(Self::Failed(Failed { reason, at }))
            }
            _ => Err(self.no_way_to(Status::Failed)),
        }
    }

    /// Moves to REFUNDED, from PAID only.
    pub fn refund(self, at: Timestamp) -> Result<Self, InvalidTransition> {
        match self {
            Self::Paid(paid) => Ok(Self::Refunded(paid.refund(at))),
            _ => Err(self.no_way_to(Status::Refunded)),
        }
    }

    /// The state's name.
    pub fn status(self) -> Status {
        match self {
            Self::Pending(_) => Status::Pending,
            Self::Paid(_) => Status::Paid,
            Self::Failed(_) => Status::Failed,
            Self::Refunded(_) => Status::Refunded,
        }
    }

    /// When the purchase was settled, if it ever was.
    pub fn paid_at(self) -> Option<Timestamp> {
        match self {
            Self::Paid(paid) => Some(paid.at),
            Self::Refunded(refunded) => Some(refunded.paid_at),
            Self::Pending(_) | Self::Failed(_) => None,
        }
    }

    /// When and why the purchase failed, while it is FAILED.
    pub fn failure(self) -> Option<Failed> {
        match self {
            Self::Failed(failed) => Some(failed),
            _ => None,
        }
    }

    /// When the refund was complete.
    pub fn refunded_at(self) -> Option<Timestamp> {
        match self {
            Self::Refunded(refunded) => Some(refunded.at),
            _ => None,
        }
    }

    /// Restores a state from its stored columns; `None` when they contradict each other.
    pub fn restore(
        status: Status,
        paid_at: Option<Timestamp>,
        failure: Option<(FailureReason, Timestamp)>,
        refunded_at: Option<Timestamp>,
    ) -> Option<Self> {
        match (status, paid_at, failure, refunded_at) {
            (Status::Pending, None, None, None) => Some(Self::Pending(Pending)),
            (Status::Paid, Some(at), None, None) => Some(Self::Paid(Paid { at })),
            (Status::Failed, None, Some((reason, at)), None) => Some(Self::Failed(Failed { reason, at })),
            (Status::Refunded, Some(paid_at), None, Some(at)) => Some(Self::Refunded(Refunded { paid_at, at })),
            _ => None,
        }
    }

    fn no_way_to(self, to: Status) -> InvalidTransition {
        InvalidTransition { from: self.status(), to }
    }
}

/// A transition that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a purchase cannot go from {from} to {to}")]
pub struct InvalidTransition {
    /// The present status.
    pub from: Status,
    /// The requested status.
    pub to: Status,
}

/// The name of a purchase's state.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = PurchaseStatus))]
pub enum Status {
    /// Ordered, not yet paid.
    Pending,
    /// Paid and credited.
    Paid,
    /// Ended without payment.
    Failed,
    /// Paid, and refunded in full.
    Refunded,
}

impl Status {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Why a purchase failed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum FailureReason {
    /// The checkout session expired.
    Expired,
    /// The payment was refused, or a delayed one did not arrive.
    PaymentFailed,
    /// The buyer discarded it.
    Cancelled,
    /// The provider would not open a checkout session.
    ProviderRejected,
}

impl FailureReason {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A buyer's idempotency key for one order: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OrderKey(String);

impl OrderKey {
    /// A fresh key, for an order form to carry.
    pub fn new(at: Timestamp, entropy: &dyn Entropy) -> Self {
        Self(uuid_v7(at, entropy).to_string())
    }

    /// The key as it came.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OrderKey {
    type Err = InvalidOrderKey;

    fn from_str(key: &str) -> Result<Self, InvalidOrderKey> {
        let fits = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(key.to_owned())) } else { Err(InvalidOrderKey) }
    }
}

/// The key is empty, too long, or has other than visible ASCII characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key has 1 to 255 visible ASCII characters")]
pub struct InvalidOrderKey;

/// A product as it was ordered; a later price change does not alter it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The product's id.
    pub product_id: String,
    /// The product's name.
    pub name: String,
    /// The product's type.
    pub kind: PurchaseType,
    /// Credits booked when it is paid.
    pub credits: Credits,
    /// The gross price, VAT included.
    pub price: Money,
}

impl From<&Product> for Item {
    fn from(product: &Product) -> Self {
        Self {
            product_id: product.id.to_owned(),
            name: product.name.to_owned(),
            kind: product.kind,
            credits: product.credits,
            price: product.price,
        }
    }
}

/// The provider's hosted payment page for one purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The checkout session's id: `cs_…`.
    pub provider_ref: String,
    /// Where the buyer pays.
    pub url: String,
}

/// One order of one product by one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// Its id.
    pub id: PurchaseId,
    /// The tenant whose balance is credited.
    pub tenant_id: TenantId,
    /// The user who ordered.
    pub ordered_by: UserId,
    /// The buyer's idempotency key; unique in the tenant.
    pub order_key: Option<OrderKey>,
    /// What was ordered.
    pub item: Item,
    /// The language that the buyer ordered in.
    pub locale: Locale,
    /// The wording with which the buyer agreed to immediate delivery ([`crate::consent`]).
    pub consent: Option<ConsentVersion>,
    /// The checkout session, once the provider has opened it.
    pub checkout: Option<Checkout>,
    /// The provider's id of the payment (`pi_…`), once there is one.
    pub payment_ref: Option<String>,
    /// Its state.
    pub state: State,
    /// Its refunds and disputes.
    pub reversals: Reversals,
    /// The number of its receipt, once issued.
    pub receipt_number: Option<ReceiptNumber>,
    /// When it was ordered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts the changes, from 1. A change is written only if the stored version is the one that it was made from.
    pub version: i64,
}

impl Purchase {
    /// The state's name.
    pub fn status(&self) -> Status {
        self.state.status()
    }

    /// The price and the credits, of which refunds and disputes take a share.
    pub fn sold(&self) -> Sold {
        Sold { credits: self.item.credits, amount: self.item.price.cents }
    }
}
