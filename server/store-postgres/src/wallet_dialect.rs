//! The wallet's statements with lists of ids and rows, as PostgreSQL takes them.

use sqlx::Error;

use crate::{
    dialect::Connection,
    portable::{HoldRow, KeyRow, StoredGrant, StoredSpend, WalletRow},
};

/// Locks those of the tenants that exist, in the order given, and reads what they have. The function's queries see what was
/// committed while it waited.
pub(crate) async fn lock_wallets(connection: &mut Connection, tenants: &[String]) -> Result<Vec<WalletRow>, Error> {
    sqlx::query_as!(
        WalletRow,
        r#"SELECT tenant_id AS "tenant_id!", seq, balance_after, low_balance FROM lock_wallets($1)"#,
        tenants
    )
    .fetch_all(connection)
    .await
}

/// The active holds of the tenants, and the holds that are named.
pub(crate) async fn holds(
    connection: &mut Connection,
    tenants: &[String],
    named: &[String],
    now: i64,
) -> Result<Vec<HoldRow>, Error> {
    sqlx::query_as!(
        HoldRow,
        r#"SELECT id AS "id!", tenant_id AS "tenant_id!", credits AS "credits!", captured AS "captured!",
            status AS "status!", reference, description, metadata_json AS "metadata_json!",
            created_at AS "created_at!", updated_at AS "updated_at!", expires_at AS "expires_at!", finished_at
        FROM holds WHERE tenant_id = ANY($1) AND (status = 'ACTIVE' AND expires_at > $3 OR id = ANY($2))"#,
        tenants,
        named,
        now
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn keys(connection: &mut Connection, keys: &[String]) -> Result<Vec<KeyRow>, Error> {
    sqlx::query_as!(
        KeyRow,
        r#"SELECT key AS "key!", tenant_id AS "tenant_id!", fingerprint AS "fingerprint!", done AS "done!: bool",
            outcome_json AS "outcome_json!", created_at AS "created_at!"
        FROM idempotency_keys WHERE key = ANY($1)"#,
        keys
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn spends(
    connection: &mut Connection,
    tenants: &[String],
    ids: &[String],
) -> Result<Vec<StoredSpend>, Error> {
    sqlx::query_as!(
        StoredSpend,
        r#"SELECT spends.id AS "id!", spends.tenant_id AS "tenant_id!", spends.hold_id, spends.credits AS "credits!",
            spends.reference, spends.description, spends.metadata_json AS "metadata_json!",
            spends.created_at AS "created_at!",
            COALESCE((SELECT CAST(sum(entry.credits) AS BIGINT) FROM ledger_entries AS entry
                WHERE entry.tenant_id = spends.tenant_id AND entry.spend_id = spends.id
                    AND entry.kind = 'SPEND_REVERSAL'), 0) AS "reversed!: i64"
        FROM spends WHERE spends.tenant_id = ANY($1) AND spends.id = ANY($2)"#,
        tenants,
        ids
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn grants(
    connection: &mut Connection,
    tenants: &[String],
    ids: &[String],
) -> Result<Vec<StoredGrant>, Error> {
    sqlx::query_as!(
        StoredGrant,
        r#"SELECT grants.id AS "id!", grants.tenant_id AS "tenant_id!", grants.credits AS "credits!",
            grants.reason AS "reason!", grants.granted_by AS "granted_by!", grants.created_at AS "created_at!",
            COALESCE((SELECT CAST(-sum(entry.credits) AS BIGINT) FROM ledger_entries AS entry
                WHERE entry.tenant_id = grants.tenant_id AND entry.grant_id = grants.id
                    AND entry.kind = 'GRANT_REVERSAL'), 0) AS "reversed!: i64"
        FROM grants WHERE grants.tenant_id = ANY($1) AND grants.id = ANY($2)"#,
        tenants,
        ids
    )
    .fetch_all(connection)
    .await
}

/// What those API keys have spent on that day, each locked until the transaction ends: in the order of their ids.
pub(crate) async fn lock_usage(
    connection: &mut Connection,
    api_keys: &[String],
    day: i64,
) -> Result<Vec<(String, i64)>, Error> {
    let rows =
        sqlx::query!(r#"SELECT id AS "id!", credits AS "credits!" FROM lock_api_key_usage($1, $2)"#, api_keys, day)
            .fetch_all(connection)
            .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.credits)).collect())
}

pub(crate) async fn insert_spends(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO spends (id, tenant_id, hold_id, credits, reference, description, metadata_json, created_at)
        SELECT row.id, row.tenant_id, row.hold_id, row.credits, row.reference, row.description, row.metadata_json,
            row.created_at
        FROM ROWS FROM (json_to_recordset($1::TEXT::JSON) AS (
            id TEXT, tenant_id TEXT, hold_id TEXT, credits BIGINT, reference TEXT, description TEXT,
            metadata_json TEXT, created_at BIGINT
        )) WITH ORDINALITY AS row (id, tenant_id, hold_id, credits, reference, description, metadata_json, created_at, place)
        ORDER BY row.place",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert_grants(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO grants (id, tenant_id, credits, reason, granted_by, created_at)
        SELECT row.id, row.tenant_id, row.credits, row.reason, row.granted_by, row.created_at
        FROM ROWS FROM (json_to_recordset($1::TEXT::JSON) AS (
            id TEXT, tenant_id TEXT, credits BIGINT, reason TEXT, granted_by TEXT, created_at BIGINT
        )) WITH ORDINALITY AS row (id, tenant_id, credits, reason, granted_by, created_at, place)
        ORDER BY row.place",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert_reversals(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO wallet_reversals (id, tenant_id, spend_id, grant_id, credits, reason, created_at)
        SELECT row.id, row.tenant_id, row.spend_id, row.grant_id, row.credits, row.reason, row.created_at
        FROM ROWS FROM (json_to_recordset($1::TEXT::JSON) AS (
            id TEXT, tenant_id TEXT, spend_id TEXT, grant_id TEXT, credits BIGINT, reason TEXT, created_at BIGINT
        )) WITH ORDINALITY AS row (id, tenant_id, spend_id, grant_id, credits, reason, created_at, place)
        ORDER BY row.place",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// In the order of the rows: each entry follows from the one before.
pub(crate) async fn insert_entries(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO ledger_entries (id, tenant_id, seq, purchase_id, spend_id, grant_id, kind, effect_ref, credits, balance_after,
            created_at)
        SELECT row.id, row.tenant_id, row.seq, row.purchase_id, row.spend_id, row.grant_id, row.kind, row.effect_ref,
            row.credits, row.balance_after, row.created_at
        FROM ROWS FROM (json_to_recordset($1::TEXT::JSON) AS (
            id TEXT, tenant_id TEXT, seq BIGINT, purchase_id TEXT, spend_id TEXT, grant_id TEXT, kind TEXT,
            effect_ref TEXT, credits BIGINT, balance_after BIGINT, created_at BIGINT
        )) WITH ORDINALITY AS row (id, tenant_id, seq, purchase_id, spend_id, grant_id, kind, effect_ref, credits, balance_after,
            created_at, place)
        ORDER BY row.place",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert_keys(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (key, tenant_id, fingerprint, done, outcome_json, created_at)
        SELECT row.key, row.tenant_id, row.fingerprint, row.done, row.outcome_json, row.created_at
        FROM ROWS FROM (json_to_recordset($1::TEXT::JSON) AS (
            key TEXT, tenant_id TEXT, fingerprint TEXT, done BOOLEAN, outcome_json TEXT, created_at BIGINT
        )) WITH ORDINALITY AS row (key, tenant_id, fingerprint, done, outcome_json, created_at, place)
        ORDER BY row.place",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn insert_holds(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO holds (id, tenant_id, credits, captured, status, reference, description, metadata_json, created_at, updated_at,
            expires_at, finished_at)
        SELECT row.id, row.tenant_id, row.credits, row.captured, row.status, row.reference, row.description,
            row.metadata_json, row.created_at, row.updated_at, row.expires_at, row.finished_at
        FROM ROWS FROM (json_to_recordset($1::TEXT::JSON) AS (
            id TEXT, tenant_id TEXT, credits BIGINT, captured BIGINT, status TEXT, reference TEXT, description TEXT,
            metadata_json TEXT, created_at BIGINT, updated_at BIGINT, expires_at BIGINT, finished_at BIGINT
        )) WITH ORDINALITY AS row (id, tenant_id, credits, captured, status, reference, description, metadata_json, created_at, updated_at,
            expires_at, finished_at, place)
        ORDER BY row.place",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what has changed of holds that are there.
pub(crate) async fn update_holds(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE holds SET credits = row.credits, captured = row.captured, status = row.status,
            updated_at = row.updated_at, expires_at = row.expires_at, finished_at = row.finished_at
        FROM json_to_recordset($1::TEXT::JSON) AS row (
            id TEXT, tenant_id TEXT, credits BIGINT, captured BIGINT, status TEXT, updated_at BIGINT, expires_at BIGINT,
            finished_at BIGINT
        )
        WHERE holds.tenant_id = row.tenant_id AND holds.id = row.id",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a change of each of the tenants, which are locked.
pub(crate) async fn count_changes(connection: &mut Connection, tenants: &[String]) -> Result<(), Error> {
    sqlx::query!("UPDATE tenants SET changes = changes + 1 WHERE id = ANY($1)", tenants).execute(connection).await?;
    Ok(())
}

/// Stores ACTIVE holds that are over as EXPIRED, the oldest first; those that another transaction has locked are left.
pub(crate) async fn expire_holds(connection: &mut Connection, now: i64, limit: i64) -> Result<Vec<HoldRow>, Error> {
    sqlx::query_as!(
        HoldRow,
        r#"UPDATE holds SET status = 'EXPIRED', updated_at = $1
        WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM holds WHERE status = 'ACTIVE' AND expires_at <= $1
            ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        RETURNING id AS "id!", tenant_id AS "tenant_id!", credits AS "credits!", captured AS "captured!",
            status AS "status!", reference, description, metadata_json AS "metadata_json!",
            created_at AS "created_at!", updated_at AS "updated_at!", expires_at AS "expires_at!", finished_at"#,
        now,
        limit
    )
    .fetch_all(connection)
    .await
}
