//! What is Stripe's own: the calls to it, how it signs notifications, and how its objects and events are read.

pub mod client;
pub mod event;
mod json;
pub mod object;
pub mod signature;
