//! What is Stripe's own: the calls to it, how it signs notifications, and how its objects and events are read.

pub mod client;
pub mod event;
pub mod object;
pub mod signature;

use billing::event::IncomingEvent;

/// Gives an event's meaning from its JSON.
pub type ReadEvent = fn(&[u8]) -> IncomingEvent;
