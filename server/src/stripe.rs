//! The Stripe adapter: API calls, verification of signatures, and parsing of objects and events.

pub mod client;
pub mod event;
mod json;
pub mod object;
pub mod signature;
