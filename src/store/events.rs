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
    /// Stores a notification. If the provider event id is known, writes nothing and returns the status of the stored
    /// event.
    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError>;

    /// Closes an event that changes no purchase; a new one is stored closed. An APPLIED event stays APPLIED. Returns
    /// `false` when the event had this outcome already.
    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError>;

    /// Puts off an event that could not be applied; it stays RECEIVED.
    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError>;

    /// Claims up to `limit` RECEIVED events that are due at `now` until `leased_until`, and counts an attempt for each.
    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// The time up to which the provider's notifications have been fetched.
    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Moves that time forward, never back.
    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError>;

    /// For the operator: the newest events, or those of one status.
    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// For the operator: one event, by our id or the provider's.
    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError>;

    /// For the operator: the newest events about the tenant's purchases.
    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;
}

/// The result of storing a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is stored, with the given id.
    New,
    /// It was stored before.
    Known {
        /// Our id of it.
        id: EventId,
        /// Its status.
        status: EventStatus,
    },
}
