//! Telling an endpoint of an event.

use jiff::{SignedDuration, Timestamp};

use super::event::WebhookEvent;
use crate::ids::WebhookEndpointId;

/// The pauses after the attempts that failed, as the specification of Standard Webhooks suggests them: ten attempts in
/// 75 hours and a half.
const PAUSES: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// When to try again after that many attempts, of which the last one failed at `now`; `None`: never.
pub fn next_attempt(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let pause = PAUSES.get(usize::try_from(attempts).ok()?.checked_sub(1)?)?;
    Some(now + *pause)
}

/// An event on its way to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What is told.
    pub event: WebhookEvent,
    /// Whom.
    pub endpoint_id: WebhookEndpointId,
    /// How many times it was claimed.
    pub attempts: u32,
    /// Its state.
    pub state: DeliveryState,
    /// The status of the last answer.
    pub last_status: Option<u16>,
    /// Why the last attempt failed; empty when none has.
    pub note: String,
}

/// The state of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be attempted at this time.
    Due(Timestamp),
    /// Waiting until its endpoint is enabled.
    Suspended,
    /// Accepted by the endpoint at this time.
    Delivered(Timestamp),
    /// Not attempted unless an operator asks for it, since this time.
    GivenUp(Timestamp),
}

/// A delivery that one process is to attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// What is told.
    pub event: WebhookEvent,
    /// Whom.
    pub endpoint_id: WebhookEndpointId,
    /// How many times it was claimed, this time included.
    pub attempts: u32,
    /// What an earlier attempt has rendered.
    pub payload: Option<String>,
}

/// How an attempt ended that did not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why it failed, for the operator.
    pub note: String,
}
