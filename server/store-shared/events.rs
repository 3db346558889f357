//! The payment events: each is stored once and closed once.

use async_trait::async_trait;
use billing::{
    event::{ClosedEvent, EventOutcome, EventStatus, NewEvent, StoredEvent},
    ids::{EventId, TenantId},
    store::{EventStore, Recorded, StoreError},
};
use jiff::{SignedDuration, Timestamp};

use super::{
    row::{EventRow, instant, micros, parse, without_nul},
    store_error,
};
use crate::{
    ThisStore,
    dialect::{self, Connection, Pool},
};

/// How long the process that stored an event has to apply it, before another one claims it.
const APPLIED_WITHIN: SignedDuration = SignedDuration::from_mins(1);

/// The columns of an event that is retried.
macro_rules! event_columns {
    ($before:literal $(+ $more:literal)*, $after:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            EventRow,
            $before + $($more +)* r#" id AS "id!", provider_event_id AS "provider_event_id!", event_type AS "event_type!",
                payload AS "payload!", status AS "status!", note AS "note!", attempts AS "attempts!",
                received_at AS "received_at!", tenant_id, purchase_id "# + $after,
            $($argument),*
        )
    };
}

async fn record(pool: &Pool, event: &NewEvent) -> Result<Recorded, StoreError> {
    let mut connection = pool.acquire().await.map_err(store_error)?;
    let connection: &mut Connection = &mut connection;
    if insert(connection, event, None).await.map_err(store_error)? {
        return Ok(Recorded::New);
    }
    let earlier = sqlx::query!(
        r#"SELECT id AS "id!", status AS "status!" FROM payment_events
        WHERE provider = 'STRIPE' AND provider_event_id = $1"#,
        without_nul(&event.incoming.provider_event_id)
    )
    .fetch_optional(connection)
    .await
    .map_err(store_error)?
    .ok_or_else(|| StoreError::Internal("the event was neither written nor there".to_owned()))?;
    Ok(Recorded::Known { id: parse("id", &earlier.id)?, status: parse("status", &earlier.status)? })
}

/// Stores an event, closed or not; `false` when it exists already and nothing was written.
async fn insert(
    connection: &mut Connection,
    event: &NewEvent,
    outcome: Option<&EventOutcome>,
) -> Result<bool, sqlx::Error> {
    let incoming = &event.incoming;
    let purchase = outcome.and_then(|outcome| outcome.purchase);
    // As with purchases: NOT EXISTS for the usual repetition, ON CONFLICT for a concurrent one.
    let written = sqlx::query!(
        "INSERT INTO payment_events (id, provider, provider_event_id, event_type, api_version, livemode, payload,
            received_at, status, note, finished_at, attempts, next_attempt_at, tenant_id, purchase_id)
        SELECT $1, 'STRIPE', $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12, $13
        WHERE NOT EXISTS (SELECT 1 FROM payment_events WHERE provider = 'STRIPE' AND provider_event_id = $2)
        ON CONFLICT (provider, provider_event_id) DO NOTHING",
        event.id.to_string(),
        without_nul(&incoming.provider_event_id),
        without_nul(&incoming.event_type),
        incoming.api_version.as_deref().map(without_nul),
        incoming.livemode,
        incoming.payload,
        micros(event.received_at),
        outcome.map_or(EventStatus::Received, |outcome| outcome.status).as_str(),
        outcome.map_or_else(String::new, |outcome| without_nul(&outcome.note)),
        outcome.map(|outcome| micros(outcome.at)),
        micros(event.received_at + APPLIED_WITHIN),
        purchase.map(|(tenant, _)| tenant.to_string()),
        purchase.map(|(_, purchase)| purchase.to_string())
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// Closes an event, or stores it closed; `false` when it has this outcome already. An applied event stays applied; an
/// ignored one, or one that needs attention, may still be applied.
pub(crate) async fn close(connection: &mut Connection, event: &ClosedEvent) -> Result<bool, sqlx::Error> {
    let ClosedEvent { outcome, arriving } = event;
    if let Some(arriving) = arriving
        && insert(connection, arriving, Some(outcome)).await?
    {
        return Ok(true);
    }
    let written = sqlx::query!(
        "UPDATE payment_events SET status = $3, note = $4, finished_at = $5, tenant_id = COALESCE($6, tenant_id),
            purchase_id = COALESCE($7, purchase_id)
        WHERE (id = $1 OR (provider = 'STRIPE' AND provider_event_id = $2)) AND status NOT IN ('APPLIED', $3)",
        outcome.id.to_string(),
        arriving.as_ref().map(|event| without_nul(&event.incoming.provider_event_id)),
        outcome.status.as_str(),
        without_nul(&outcome.note),
        micros(outcome.at),
        outcome.purchase.map(|(tenant, _)| tenant.to_string()),
        outcome.purchase.map(|(_, purchase)| purchase.to_string())
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn defer(pool: &Pool, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE payment_events SET next_attempt_at = $2, note = $3 WHERE id = $1 AND status = 'RECEIVED'",
        id.to_string(),
        micros(until),
        without_nul(note)
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

/// The events that are due the longest, without those that another process has locked. The CTE runs once and locks each
/// row in its newest version, so that of two processes only one claims it.
macro_rules! claim_events {
    ($lock:literal, $now:expr, $leased_until:expr, $limit:expr) => {
        event_columns!(
            "WITH due AS (
                SELECT id FROM payment_events WHERE status = 'RECEIVED' AND next_attempt_at <= $1
                ORDER BY next_attempt_at LIMIT $3 "
                + $lock
                + ")
            UPDATE payment_events SET attempts = attempts + 1, next_attempt_at = $2 WHERE id IN (SELECT id FROM due)
            RETURNING",
            "",
            $now,
            $leased_until,
            $limit
        )
    };
}

async fn claim(
    pool: &Pool,
    now: Timestamp,
    leased_until: Timestamp,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = dialect::claim!(claim_events, micros(now), micros(leased_until), i64::from(limit))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    rows.into_iter().map(StoredEvent::try_from).collect()
}

async fn list(pool: &Pool, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = event_columns!(
        "SELECT",
        "FROM payment_events WHERE CAST($1 AS TEXT) IS NULL OR status = $1 ORDER BY id DESC LIMIT $2",
        status.map(EventStatus::as_str),
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(StoredEvent::try_from).collect()
}

async fn of_tenant(pool: &Pool, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
    let rows = event_columns!(
        "SELECT",
        "FROM payment_events WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2",
        tenant.to_string(),
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(StoredEvent::try_from).collect()
}

async fn by_any_id(pool: &Pool, id: &str) -> Result<Option<StoredEvent>, StoreError> {
    let row = event_columns!(
        "SELECT",
        "FROM payment_events WHERE id = $1 OR (provider = 'STRIPE' AND provider_event_id = $1)",
        without_nul(id)
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    row.map(StoredEvent::try_from).transpose()
}

async fn backfilled_until(pool: &Pool) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT backfilled_until AS "backfilled_until!" FROM provider_cursors WHERE provider = 'STRIPE'"#
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    row.map(|row| instant(row.backfilled_until)).transpose()
}

async fn set_backfilled_until(pool: &Pool, until: Timestamp) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO provider_cursors (provider, backfilled_until) VALUES ('STRIPE', $1)
        ON CONFLICT (provider) DO UPDATE SET backfilled_until = excluded.backfilled_until
        WHERE provider_cursors.backfilled_until < excluded.backfilled_until",
        micros(until)
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

#[async_trait]
impl EventStore for ThisStore {
    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError> {
        record(self.writer(), event).await
    }

    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError> {
        let mut connection = self.writer().acquire().await.map_err(store_error)?;
        close(&mut connection, event).await.map_err(store_error)
    }

    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError> {
        defer(self.writer(), id, until, note).await
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        claim(self.writer(), now, leased_until, limit).await
    }

    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError> {
        backfilled_until(self.reader()).await
    }

    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError> {
        set_backfilled_until(self.writer(), until).await
    }

    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        list(self.reader(), status, limit).await
    }

    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError> {
        by_any_id(self.reader(), id).await
    }

    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        of_tenant(self.reader(), tenant, limit).await
    }
}
