//! Payment events, as the shop understands them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    checkout_session::CheckoutSession,
    ids::{EventId, PurchaseId, TenantId},
    reversal::Snapshot,
};

/// A verified notification, as received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingEvent {
    /// The provider's id of it: `evt_…`.
    pub provider_event_id: String,
    /// The provider's event type, such as `checkout.session.completed`.
    pub event_type: String,
    /// The API version of its payload, if it says so.
    pub api_version: Option<String>,
    /// Whether it is about real money.
    pub livemode: bool,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// Its meaning to the shop.
    pub meaning: EventMeaning,
}

/// What an event means to the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventMeaning {
    /// A checkout session is new or has changed.
    Checkout(CheckoutSession),
    /// The delayed payment of a completed checkout session has failed.
    PaymentFailed(CheckoutSession),
    /// A refund or dispute of a payment is new or has changed.
    Reversal(ReversalUpdate),
    /// The shop does not act on it; with the reason.
    Irrelevant(&'static str),
    /// The shop acts on events of this type, but this one cannot be read.
    Unreadable(Unreadable),
}

/// An event that lacks a field that the shop needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is missing, for the operator.
    pub why: String,
    /// The ids of its checkout session, if they can be read.
    pub session: Option<SessionIds>,
}

/// The ids by which a checkout session's owner is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionIds {
    /// The session's own id: `cs_…`.
    pub provider_ref: String,
    /// The purchase, from `client_reference_id` or metadata.
    pub purchase_id: Option<PurchaseId>,
    /// The purchase's tenant, from the metadata that the shop writes on its sessions.
    pub tenant_id: Option<TenantId>,
}

impl EventMeaning {
    /// Whether the provider has to be asked before it can be applied.
    pub fn needs_provider(&self) -> bool {
        matches!(self, Self::Reversal(_))
    }
}

/// What an event says about refunds and disputes.
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
    /// When the provider created the event, if it says so.
    pub made_at: Option<Timestamp>,
    /// The event's own figures, used if the provider cannot be asked.
    pub snapshots: Vec<Snapshot>,
    /// The field whose absence makes the event's own figures unusable.
    pub unreadable: Option<&'static str>,
}

/// The status of a stored event.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum EventStatus {
    /// Stored, and not yet applied.
    Received,
    /// Its effect is booked.
    Applied,
    /// Stored, and without effect.
    Ignored,
    /// Contradicts the purchase, or cannot be read; an operator has to look into it.
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

/// The outcome of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOutcome {
    /// The event.
    pub id: EventId,
    /// APPLIED, IGNORED or ATTENTION.
    pub status: EventStatus,
    /// Why, for the operator; no personal data.
    pub note: String,
    /// When.
    pub at: Timestamp,
    /// The purchase that the event is about, and its tenant, if known.
    pub purchase: Option<(TenantId, PurchaseId)>,
}

/// The outcome of an event, and the event itself if it is not stored yet. Both are written at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedEvent {
    /// The outcome.
    pub outcome: EventOutcome,
    /// The event, if it is not stored yet; its id is the outcome's.
    pub arriving: Option<NewEvent>,
}

impl From<EventOutcome> for ClosedEvent {
    /// For an event that is stored already.
    fn from(outcome: EventOutcome) -> Self {
        Self { outcome, arriving: None }
    }
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Our id.
    pub id: EventId,
    /// The provider's id.
    pub provider_event_id: String,
    /// The provider's name of what happened.
    pub event_type: String,
    /// The bytes that were signed.
    pub payload: Vec<u8>,
    /// Where it stands.
    pub status: EventStatus,
    /// Why it stands there, for the operator.
    pub note: String,
    /// The number of attempts to apply it.
    pub attempts: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// The purchase that it is about, and its tenant, once known. Events from before this column existed have none.
    pub purchase: Option<(TenantId, PurchaseId)>,
}
