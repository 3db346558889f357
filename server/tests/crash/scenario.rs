//! A scenario: the use case of the killed process, and what follows.

use async_trait::async_trait;
use billing::account::Principal;
use jiff::SignedDuration;

use crate::{child::Act, double::Double, receiver::Receiver, shop::Shop};

/// Long enough for everything that a dead process has leased to fall due.
pub const PAST_EVERY_LEASE: SignedDuration = SignedDuration::from_mins(20);

/// The environment of a scenario.
pub struct Place<'a> {
    pub shop: &'a Shop,
    pub double: &'a Double,
    pub receiver: &'a Receiver,
    pub principal: &'a Principal,
}

/// The use case of the killed process, and what follows.
#[async_trait]
pub trait Scenario: Send + Sync {
    fn name(&self) -> String;

    /// How far the killed process's clock is ahead.
    fn later(&self) -> SignedDuration;

    /// How far the next process's clock is ahead of that.
    fn much_later(&self) -> SignedDuration {
        PAST_EVERY_LEASE
    }

    /// Prepares the shop and Stripe. Returns the process's use case.
    async fn prepare(&self, place: &Place<'_>) -> Act;

    /// The end state that is due after what the killed process has left.
    async fn expected(&self, place: &Place<'_>) -> &'static str;

    /// Runs what follows the kill. Returns the end state. May be called twice.
    async fn go_on(&self, place: &Place<'_>, act: &Act) -> String;
}
