//! The payment events: stored once each, finished once each.

use billing::{
    event::{EventOutcome, NewEvent},
    store::{Recorded, StoreError},
};

use super::{
    row::{micros, parse, without_nul},
    store_error,
};
use crate::dialect::{Connection, Pool};

pub(super) async fn record(pool: &Pool, event: &NewEvent) -> Result<Recorded, StoreError> {
    let incoming = &event.incoming;
    let provider_event_id = without_nul(&incoming.provider_event_id);
    // As with purchases: NOT EXISTS for the usual repetition, ON CONFLICT for the one at the same instant.
    let written = sqlx::query!(
        "INSERT INTO payment_events (id, provider, provider_event_id, event_type, api_version, livemode, payload,
            received_at, status, note, finished_at)
        SELECT $1, 'STRIPE', $2, $3, $4, $5, $6, $7, 'RECEIVED', '', NULL
        WHERE NOT EXISTS (SELECT 1 FROM payment_events WHERE provider = 'STRIPE' AND provider_event_id = $2)
        ON CONFLICT (provider, provider_event_id) DO NOTHING",
        event.id.to_string(),
        provider_event_id,
        without_nul(&incoming.event_type),
        incoming.api_version.as_deref().map(without_nul),
        incoming.livemode,
        incoming.payload,
        micros(event.received_at)
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    if written.rows_affected() == 1 {
        return Ok(Recorded::New);
    }
    let earlier = sqlx::query!(
        r#"SELECT id AS "id!", status AS "status!" FROM payment_events
        WHERE provider = 'STRIPE' AND provider_event_id = $1"#,
        provider_event_id
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?
    .ok_or_else(|| StoreError::Internal("the event was neither written nor there".to_owned()))?;
    Ok(Recorded::Known { id: parse("id", &earlier.id)?, status: parse("status", &earlier.status)? })
}

/// Whoever finishes an event first decides how it ended.
pub(super) async fn finish(connection: &mut Connection, outcome: &EventOutcome) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE payment_events SET status = $2, note = $3, finished_at = $4 WHERE id = $1 AND status = 'RECEIVED'",
        outcome.id.to_string(),
        outcome.status.as_str(),
        without_nul(&outcome.note),
        micros(outcome.at)
    )
    .execute(connection)
    .await?;
    Ok(())
}
