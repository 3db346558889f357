//! The statements of webhooks out that differ from PostgreSQL's.

use sqlx::Error;

use crate::{
    dialect::{Connection, Pool},
    portable::ClaimedRow,
};

/// Writes events with their deliveries, as far as an enabled endpoint wants them. Nobody adds an endpoint in between: the
/// transaction has the write lock.
pub(crate) async fn insert_events(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO webhook_events (id, tenant_id, type, entry_id, hold_id, created_at)
        SELECT value ->> 'id', value ->> 'tenant_id', value ->> 'type', value ->> 'entry_id', value ->> 'hold_id',
            value ->> 'created_at'
        FROM json_each($1)
        WHERE EXISTS (SELECT 1 FROM webhook_endpoints WHERE disabled_at IS NULL
            AND (event_types IS NULL OR ' ' || event_types || ' ' LIKE '% ' || (value ->> 'type') || ' %'))
        ON CONFLICT DO NOTHING",
        rows
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "INSERT INTO webhook_deliveries (event_id, endpoint_id, created_at, next_attempt_at)
        SELECT value ->> 'id', endpoint.id, value ->> 'created_at', value ->> 'created_at'
        FROM json_each($1) JOIN webhook_endpoints AS endpoint ON endpoint.disabled_at IS NULL
            AND (endpoint.event_types IS NULL OR ' ' || endpoint.event_types || ' ' LIKE '% ' || (value ->> 'type') || ' %')
        WHERE TRUE
        ON CONFLICT DO NOTHING",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Claims deliveries to an endpoint that are due. SQLite's RETURNING knows no other table, so their events are read
/// afterwards.
pub(crate) async fn claim(
    pool: &Pool,
    endpoint: &str,
    now: i64,
    leased_until: i64,
    limit: i64,
) -> Result<Vec<ClaimedRow>, Error> {
    let claimed = sqlx::query_scalar!(
        r#"UPDATE webhook_deliveries SET attempts = attempts + 1, next_attempt_at = $3, leased_until = $3
        WHERE endpoint_id = $1 AND event_id IN (
                SELECT event_id FROM webhook_deliveries WHERE endpoint_id = $1 AND next_attempt_at <= $2
                ORDER BY next_attempt_at LIMIT $4)
            AND EXISTS (SELECT 1 FROM webhook_endpoints WHERE id = $1 AND disabled_at IS NULL)
        RETURNING event_id AS "event_id!""#,
        endpoint,
        now,
        leased_until,
        limit
    )
    .fetch_all(pool)
    .await?;
    let claimed = serde_json::Value::from(claimed).to_string();
    sqlx::query_as!(
        ClaimedRow,
        r#"SELECT event.id AS "event_id!", event.tenant_id AS "tenant_id!", event.type AS "event_type!", event.entry_id,
            event.hold_id, event.created_at AS "created_at!", event.payload_json, delivery.attempts AS "attempts!"
        FROM webhook_deliveries AS delivery JOIN webhook_events AS event ON event.id = delivery.event_id
        WHERE delivery.endpoint_id = $1 AND delivery.event_id IN (SELECT value FROM json_each($2))"#,
        endpoint,
        claimed
    )
    .fetch_all(pool)
    .await
}
