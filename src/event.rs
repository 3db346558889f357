//! Payment events: what the provider tells us, in our own words.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    ids::{EventId, PurchaseId, TenantId},
    provider::CheckoutSession,
    reversal::Snapshot,
};

/// A verified notification, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingEvent {
    /// The provider's id of it: `evt_…`.
    pub provider_event_id: String,
    /// The provider's name of what happened, such as `checkout.session.completed`.
    pub event_type: String,
    /// The API version it is shaped by, if it says so.
    pub api_version: Option<String>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// What it means to the shop.
    pub meaning: EventMeaning,
}

/// What an event means to the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventMeaning {
    /// A checkout session is now as given.
    Checkout(CheckoutSession),
    /// A payment promised in a finished checkout session did not arrive.
    PaymentFailed(CheckoutSession),
    /// Money of a payment went back, or came again.
    Reversal(ReversalUpdate),
    /// Nothing that the shop acts upon; says why.
    Irrelevant(&'static str),
    /// It should mean something, but cannot be read; says what is missing.
    Unreadable(String),
}

/// What an event says about money that went back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReversalUpdate {
    /// The payment: `pi_…`.
    pub payment_ref: Option<String>,
    /// The charge: `ch_…`, `py_…`.
    pub charge_ref: Option<String>,
    /// The purchase, if the object carries our metadata.
    pub purchase_id: Option<PurchaseId>,
    /// Whether real money moved.
    pub livemode: bool,
    /// When the provider made the event, where it says so.
    pub made_at: Option<Timestamp>,
    /// What the event itself tells; good enough where the provider cannot be asked.
    pub snapshots: Vec<Snapshot>,
}

/// Where a stored event stands.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum EventStatus {
    /// Stored, and not yet applied.
    Received,
    /// Its effect is booked, or was before.
    Applied,
    /// Kept, and of no effect.
    Ignored,
    /// Contradicts what we know; a person has to look.
    Attention,
}

impl EventStatus {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An event about to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Our own id.
    pub id: EventId,
    /// The notification.
    pub incoming: IncomingEvent,
    /// When it came.
    pub received_at: Timestamp,
}

/// How an event ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOutcome {
    /// Which event.
    pub id: EventId,
    /// APPLIED, IGNORED or ATTENTION.
    pub status: EventStatus,
    /// Why, for the operator; no personal data.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// The purchase that the event is about, and whose, where that is known.
    pub purchase: Option<(TenantId, PurchaseId)>,
}

/// How an event ends, and the event itself where it is not stored yet: then both are written at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedEvent {
    /// How it ends.
    pub outcome: EventOutcome,
    /// The notification, if this is the first that the store hears of it; its id is the outcome's.
    pub arriving: Option<NewEvent>,
}

impl From<EventOutcome> for ClosedEvent {
    /// Of an event that is stored already.
    fn from(outcome: EventOutcome) -> Self {
        Self { outcome, arriving: None }
    }
}

/// A stored event that is taken up again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Our id of it.
    pub id: EventId,
    /// The provider's id of it.
    pub provider_event_id: String,
    /// The provider's name of what happened.
    pub event_type: String,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// Where it stands.
    pub status: EventStatus,
    /// Why it stands there, for the operator.
    pub note: String,
    /// How often it has been taken up, the first time included.
    pub attempts: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// The purchase that it is about, and whose, once that is known. Events from before this was kept have none.
    pub purchase: Option<(TenantId, PurchaseId)>,
}
