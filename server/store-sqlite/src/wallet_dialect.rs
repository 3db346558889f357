//! The wallet's statements with lists of ids and rows, as SQLite takes them: as JSON arrays.

use sqlx::Error;

use crate::{
    dialect::Connection,
    portable::{HoldRow, KeyRow, Locked, Named, StoredGrant, StoredSpend, WalletRow, WaveRows},
};

fn list(names: &[String]) -> String {
    serde_json::Value::from(names).to_string()
}

/// Reads what is needed to decide upon most requests. The transaction has the write lock already. Whether there are holds
/// and known keys is not asked first: to read none costs no round trip here.
pub(crate) async fn lock_wallets(connection: &mut Connection, named: &Named) -> Result<Locked, Error> {
    let tenants = list(&named.tenants);
    let wallets = sqlx::query_as!(
        WalletRow,
        r#"SELECT tenants.id AS "tenant_id!", newest.seq AS "seq?", newest.balance_after AS "balance_after?",
            platform_tenants.low_balance AS "low_balance?"
        FROM tenants
        LEFT JOIN ledger_entries AS newest ON newest.tenant_id = tenants.id
            AND newest.seq = (SELECT max(seq) FROM ledger_entries WHERE tenant_id = tenants.id)
        LEFT JOIN platform_tenants ON platform_tenants.tenant_id = tenants.id
        WHERE tenants.id IN (SELECT value FROM json_each($1))"#,
        tenants
    )
    .fetch_all(&mut *connection)
    .await?;
    let api_keys = list(&named.api_keys);
    let revoked = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM api_keys WHERE id IN (SELECT value FROM json_each($1)) AND revoked_at IS NOT NULL"#,
        api_keys
    )
    .fetch_all(connection)
    .await?;
    Ok(Locked { wallets, has_holds: true, keys_known: true, revoked })
}

/// The active holds of the tenants, and the holds that are named.
pub(crate) async fn holds(
    connection: &mut Connection,
    tenants: &[String],
    named: &[String],
    now: i64,
) -> Result<Vec<HoldRow>, Error> {
    let tenants = list(tenants);
    let named = list(named);
    sqlx::query_as!(
        HoldRow,
        r#"SELECT id AS "id!", tenant_id AS "tenant_id!", credits AS "credits!", captured AS "captured!",
            status AS "status!", reference, description, metadata_json AS "metadata_json!",
            created_at AS "created_at!", updated_at AS "updated_at!", expires_at AS "expires_at!", finished_at
        FROM holds WHERE tenant_id IN (SELECT value FROM json_each($1)) AND (status = 'ACTIVE' AND expires_at > $3 OR id IN (SELECT value FROM json_each($2)))"#,
        tenants,
        named,
        now
    )
    .fetch_all(connection)
    .await
}

pub(crate) async fn keys(connection: &mut Connection, keys: &[String]) -> Result<Vec<KeyRow>, Error> {
    let keys = list(keys);
    sqlx::query_as!(
        KeyRow,
        r#"SELECT key AS "key!", tenant_id AS "tenant_id!", fingerprint AS "fingerprint!", done AS "done!: bool",
            outcome_json AS "outcome_json!", created_at AS "created_at!"
        FROM idempotency_keys WHERE key IN (SELECT value FROM json_each($1))"#,
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
    let tenants = list(tenants);
    let ids = list(ids);
    sqlx::query_as!(
        StoredSpend,
        r#"SELECT spends.id AS "id!", spends.tenant_id AS "tenant_id!", spends.hold_id, spends.credits AS "credits!",
            spends.reference, spends.description, spends.metadata_json AS "metadata_json!",
            spends.created_at AS "created_at!",
            COALESCE((SELECT CAST(sum(entry.credits) AS BIGINT) FROM ledger_entries AS entry
                WHERE entry.tenant_id = spends.tenant_id AND entry.spend_id = spends.id
                    AND entry.kind = 'SPEND_REVERSAL'), 0) AS "reversed!: i64"
        FROM spends WHERE spends.tenant_id IN (SELECT value FROM json_each($1)) AND spends.id IN (SELECT value FROM json_each($2))"#,
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
    let tenants = list(tenants);
    let ids = list(ids);
    sqlx::query_as!(
        StoredGrant,
        r#"SELECT grants.id AS "id!", grants.tenant_id AS "tenant_id!", grants.credits AS "credits!",
            grants.reason AS "reason!", grants.granted_by AS "granted_by!", grants.created_at AS "created_at!",
            COALESCE((SELECT CAST(-sum(entry.credits) AS BIGINT) FROM ledger_entries AS entry
                WHERE entry.tenant_id = grants.tenant_id AND entry.grant_id = grants.id
                    AND entry.kind = 'GRANT_REVERSAL'), 0) AS "reversed!: i64"
        FROM grants WHERE grants.tenant_id IN (SELECT value FROM json_each($1)) AND grants.id IN (SELECT value FROM json_each($2))"#,
        tenants,
        ids
    )
    .fetch_all(connection)
    .await
}

/// What those API keys have spent on that day.
pub(crate) async fn lock_usage(
    connection: &mut Connection,
    api_keys: &[String],
    day: i64,
) -> Result<Vec<(String, i64)>, Error> {
    let api_keys = list(api_keys);
    let rows = sqlx::query!(
        r#"SELECT api_keys.id AS "id!", COALESCE(usage.credits, 0) AS "credits!: i64"
        FROM api_keys LEFT JOIN api_key_usage AS usage ON usage.api_key_id = api_keys.id AND usage.day = $2
        WHERE api_keys.id IN (SELECT value FROM json_each($1))"#,
        api_keys,
        day
    )
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.credits)).collect())
}

/// Writes what was decided, kind by kind.
pub(crate) async fn write(connection: &mut Connection, rows: &WaveRows) -> Result<(), Error> {
    if let Some(freed) = &rows.freed {
        update_holds(connection, freed).await?;
    }
    if let Some(spends) = &rows.spends {
        insert_spends(connection, spends).await?;
    }
    if let Some(grants) = &rows.grants {
        insert_grants(connection, grants).await?;
    }
    if let Some(reversals) = &rows.reversals {
        insert_reversals(connection, reversals).await?;
    }
    if let Some(entries) = &rows.entries {
        insert_entries(connection, entries).await?;
    }
    if let Some(made) = &rows.made {
        insert_holds(connection, made).await?;
    }
    if let Some(extended) = &rows.extended {
        update_holds(connection, extended).await?;
    }
    if let Some(keys) = &rows.keys {
        insert_keys(connection, keys).await?;
    }
    Ok(())
}

async fn insert_spends(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO spends (id, tenant_id, hold_id, credits, reference, description, metadata_json, created_at)
        SELECT value ->> 'id', value ->> 'tenant_id', value ->> 'hold_id', value ->> 'credits', value ->> 'reference',
            value ->> 'description', value ->> 'metadata_json', value ->> 'created_at'
        FROM json_each($1) WHERE TRUE ORDER BY key",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_grants(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO grants (id, tenant_id, credits, reason, granted_by, created_at)
        SELECT value ->> 'id', value ->> 'tenant_id', value ->> 'credits', value ->> 'reason', value ->> 'granted_by',
            value ->> 'created_at'
        FROM json_each($1) WHERE TRUE ORDER BY key",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_reversals(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO wallet_reversals (id, tenant_id, spend_id, grant_id, credits, reason, created_at)
        SELECT value ->> 'id', value ->> 'tenant_id', value ->> 'spend_id', value ->> 'grant_id', value ->> 'credits',
            value ->> 'reason', value ->> 'created_at'
        FROM json_each($1) WHERE TRUE ORDER BY key",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// In the order of the rows: each entry follows from the one before.
async fn insert_entries(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO ledger_entries (id, tenant_id, seq, purchase_id, spend_id, grant_id, kind, effect_ref, credits, balance_after,
            created_at)
        SELECT value ->> 'id', value ->> 'tenant_id', value ->> 'seq', value ->> 'purchase_id', value ->> 'spend_id',
            value ->> 'grant_id', value ->> 'kind', value ->> 'effect_ref', value ->> 'credits',
            value ->> 'balance_after', value ->> 'created_at'
        FROM json_each($1) WHERE TRUE ORDER BY key",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_keys(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (key, tenant_id, fingerprint, done, outcome_json, created_at)
        SELECT value ->> 'key', value ->> 'tenant_id', value ->> 'fingerprint', value ->> 'done',
            value ->> 'outcome_json', value ->> 'created_at'
        FROM json_each($1) WHERE TRUE ORDER BY key",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn insert_holds(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO holds (id, tenant_id, credits, captured, status, reference, description, metadata_json, created_at, updated_at,
            expires_at, finished_at)
        SELECT value ->> 'id', value ->> 'tenant_id', value ->> 'credits', value ->> 'captured', value ->> 'status',
            value ->> 'reference', value ->> 'description', value ->> 'metadata_json', value ->> 'created_at',
            value ->> 'updated_at', value ->> 'expires_at', value ->> 'finished_at'
        FROM json_each($1) WHERE TRUE ORDER BY key",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what has changed of holds that are there.
async fn update_holds(connection: &mut Connection, rows: &str) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE holds SET credits = value ->> 'credits', captured = value ->> 'captured',
            status = value ->> 'status', updated_at = value ->> 'updated_at', expires_at = value ->> 'expires_at',
            finished_at = value ->> 'finished_at'
        FROM json_each($1)
        WHERE holds.tenant_id = value ->> 'tenant_id' AND holds.id = value ->> 'id'",
        rows
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a change of each of the tenants, which are locked.
pub(crate) async fn count_changes(connection: &mut Connection, tenants: &[String]) -> Result<(), Error> {
    let tenants = list(tenants);
    sqlx::query!("UPDATE tenants SET changes = changes + 1 WHERE id IN (SELECT value FROM json_each($1))", tenants)
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores ACTIVE holds that are over as EXPIRED, the oldest first.
pub(crate) async fn expire_holds(connection: &mut Connection, now: i64, limit: i64) -> Result<Vec<HoldRow>, Error> {
    sqlx::query_as!(
        HoldRow,
        r#"UPDATE holds SET status = 'EXPIRED', updated_at = $1
        WHERE (tenant_id, id) IN (
            SELECT tenant_id, id FROM holds WHERE status = 'ACTIVE' AND expires_at <= $1
            ORDER BY expires_at LIMIT $2
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
