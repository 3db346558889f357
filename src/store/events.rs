//! The port that keeps payment events.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    event::{ClosedEvent, EventStatus, NewEvent, StoredEvent},
    ids::{EventId, TenantId},
};

/// Keeps payment events, and how far the provider's list of them has been read.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores a notification. The same provider event id again writes nothing and tells how the first one stands.
    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError>;

    /// Closes an event that changes no purchase; one that arrives is stored closed. One that is APPLIED stays so. Tells
    /// whether this is news: `false` when the event stood there already.
    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError>;

    /// Puts off an event that could not be applied; it stays RECEIVED.
    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError>;

    /// Takes up to `limit` RECEIVED events that are due at `now`, counts their attempt, and keeps them from other
    /// processes until `leased_until`.
    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Up to which instant the provider's notifications have been fetched.
    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Moves that instant on, never back.
    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError>;

    /// For the operator: the newest events, or those of one status.
    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// For the operator: one event, by our id or the provider's.
    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError>;

    /// For the operator: the newest events about the tenant's purchases.
    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is stored under the id that it was given.
    New,
    /// It was stored before, under this id.
    Known {
        /// Our id of it.
        id: EventId,
        /// How it stands.
        status: EventStatus,
    },
}
