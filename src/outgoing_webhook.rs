//! Webhooks out: the platform hears of what happens to its tenants' credits, as
//! [Standard Webhooks](https://www.standardwebhooks.com/) says.
//!
//! An effect that an enabled endpoint wants to hear of owes an **event**, written in the transaction of the effect, and a
//! **delivery** of it to each such **endpoint**. A delivery is attempted until the endpoint answers with 2xx, at most ten
//! times in some 75 hours: at least once, in no promised order. The **payload** is rendered at the first attempt and kept,
//! so that each attempt carries the same bytes.

mod delivery;
mod endpoint;
mod event;
mod payload;

pub use self::{
    delivery::{Attempt, ClaimedDelivery, Delivery, DeliveryState, next_attempt},
    endpoint::{Disabled, SigningSecret, WebhookEndpoint},
    event::{EventSubject, WebhookEvent, WebhookEventType, owed_by_changes, owed_by_entries, owed_by_entry},
    payload::{EventContext, EventSource, render},
};
