//! The statements of webhooks out that differ from SQLite's.

use sqlx::Error;

use crate::{
    dialect::{Connection, Pool},
    portable::ClaimedRow,
};

/// Writes events with their deliveries, as far as an enabled endpoint wants them: one statement, so that both see the same
/// endpoints.
pub(crate) async fn insert_events(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "WITH wanted AS (
            SELECT event.*, endpoint.id AS endpoint_id
            FROM json_to_recordset($1::TEXT::JSON) AS event (
                id TEXT, tenant_id TEXT, type TEXT, entry_id TEXT, hold_id TEXT, created_at BIGINT)
            JOIN webhook_endpoints AS endpoint ON endpoint.disabled_at IS NULL
                AND (endpoint.event_types IS NULL OR ' ' || endpoint.event_types || ' ' LIKE '% ' || event.type || ' %')
        ), told AS (
            INSERT INTO webhook_events (id, tenant_id, type, entry_id, hold_id, created_at)
            SELECT DISTINCT id, tenant_id, type, entry_id, hold_id, created_at FROM wanted
            ON CONFLICT DO NOTHING
        )
        INSERT INTO webhook_deliveries (event_id, endpoint_id, created_at, next_attempt_at)
        SELECT id, endpoint_id, created_at, created_at FROM wanted
        ON CONFLICT DO NOTHING",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Claims deliveries to an endpoint that are due; those that another process claims at the moment are left to it.
pub(crate) async fn claim(
    pool: &Pool,
    endpoint: &str,
    now: i64,
    leased_until: i64,
    limit: i64,
) -> Result<Vec<ClaimedRow>, Error> {
    sqlx::query_as!(
        ClaimedRow,
        r#"UPDATE webhook_deliveries AS delivery SET attempts = attempts + 1, next_attempt_at = $3, leased_until = $3
        FROM webhook_events AS event
        WHERE event.id = delivery.event_id AND (delivery.event_id, delivery.endpoint_id) IN (
            SELECT due.event_id, due.endpoint_id FROM webhook_deliveries AS due
            WHERE due.endpoint_id = $1 AND due.next_attempt_at <= $2
                AND EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = $1 AND disabled_at IS NULL)
            ORDER BY due.next_attempt_at LIMIT $4 FOR UPDATE OF due SKIP LOCKED)
        RETURNING delivery.event_id AS "event_id!", event.tenant_id AS "tenant_id!", event.type AS "event_type!",
            event.entry_id, event.hold_id, event.created_at AS "created_at!", event.payload_json,
            delivery.attempts AS "attempts!""#,
        endpoint,
        now,
        leased_until,
        limit
    )
    .fetch_all(pool)
    .await
}
