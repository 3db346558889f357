//! Payment events: what the provider tells us, in our own words.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{ids::EventId, provider::CheckoutSession, purchase::named};

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
    /// Nothing that the shop acts upon; says why.
    Irrelevant(&'static str),
    /// It should mean something, but cannot be read; says what is missing.
    Unreadable(String),
}

named!(
    /// Where a stored event stands.
    EventStatus, UnknownEventStatus {
        /// Stored, and not yet applied.
        Received = "RECEIVED",
        /// Its effect is booked, or was before.
        Applied = "APPLIED",
        /// Kept, and of no effect.
        Ignored = "IGNORED",
        /// Contradicts what we know; a person has to look.
        Attention = "ATTENTION",
    }
);

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
}
