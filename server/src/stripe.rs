//! What is Stripe's own: how it signs notifications, and how its events are read.

pub mod event;
pub mod signature;
