//! Payment events of the model.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{MemoryStore, Tables, lock, rules, yield_now};
use crate::{
    event::{ClosedEvent, EventStatus, NewEvent, StoredEvent},
    ids::{EventId, TenantId},
    store::{EventStore, Recorded, StoreError},
};

pub(super) struct KeptEvent {
    pub(super) stored: StoredEvent,
    next_attempt_at: Timestamp,
}

impl Tables {
    fn event_by_provider_id(&self, provider_event_id: &str) -> Option<&StoredEvent> {
        self.events.values().map(|kept| &kept.stored).find(|event| event.provider_event_id == provider_event_id)
    }

    fn insert_event(&mut self, event: &NewEvent) {
        let stored = StoredEvent {
            id: event.id,
            provider_event_id: event.incoming.provider_event_id.clone(),
            event_type: event.incoming.event_type.clone(),
            payload: event.incoming.payload.clone(),
            status: EventStatus::Received,
            note: String::new(),
            attempts: 1,
            received_at: event.received_at,
            purchase: None,
        };
        let next_attempt_at = event.received_at + SignedDuration::from_mins(1);
        self.events.insert(event.id, KeptEvent { stored, next_attempt_at });
    }

    /// Closes an event; `false` when it had this outcome already.
    pub(super) fn close(&mut self, ClosedEvent { outcome, arriving }: &ClosedEvent) -> bool {
        let mut id = outcome.id;
        if let Some(event) = arriving {
            match self.event_by_provider_id(&event.incoming.provider_event_id) {
                Some(known) => id = known.id,
                None => self.insert_event(event),
            }
        }
        let Some(KeptEvent { stored, .. }) = self.events.get_mut(&id) else { return false };
        if stored.status == EventStatus::Applied || stored.status == outcome.status {
            return false;
        }
        stored.status = outcome.status;
        stored.note.clone_from(&outcome.note);
        stored.purchase = outcome.purchase.or(stored.purchase);
        true
    }
}

#[async_trait]
impl EventStore for MemoryStore {
    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        if let Some(known) = tables.event_by_provider_id(&event.incoming.provider_event_id) {
            return Ok(Recorded::Known { id: known.id, status: known.status });
        }
        rules::refuse_if(tables.events.contains_key(&event.id), "payment_events_pkey")?;
        tables.insert_event(event);
        Ok(Recorded::New)
    }

    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).close(event))
    }

    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let event = tables.events.get_mut(&id).filter(|event| event.stored.status == EventStatus::Received);
        if let Some(event) = event {
            event.next_attempt_at = until;
            note.clone_into(&mut event.stored.note);
        }
        Ok(())
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let due = tables
            .events
            .values_mut()
            .filter(|event| event.stored.status == EventStatus::Received && event.next_attempt_at <= now);
        let claim = |event: &mut KeptEvent| {
            event.next_attempt_at = leased_until;
            event.stored.attempts += 1;
            event.stored.clone()
        };
        Ok(due.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(claim).collect())
    }

    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).backfilled_until)
    }

    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        tables.backfilled_until = tables.backfilled_until.max(Some(until));
        Ok(())
    }

    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let newest = tables.events.values().rev().map(|kept| &kept.stored);
        let wanted = newest.filter(|event| status.is_none_or(|status| event.status == status));
        Ok(wanted.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let mut all = tables.events.values().map(|kept| &kept.stored);
        Ok(all.find(|event| event.id.to_string() == id || event.provider_event_id == id).cloned())
    }

    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let newest = tables.events.values().rev().map(|kept| &kept.stored);
        let own = newest.filter(|event| event.purchase.is_some_and(|(owner, _)| owner == tenant));
        Ok(own.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}
