//! The wallet's statements with lists of ids and rows, as PostgreSQL takes them.

use sqlx::Error;

use crate::{
    dialect::Connection,
    portable::{HoldRow, KeyRow, Locked, Named, StoredGrant, StoredSpend, WalletRow, WaveRows},
};

/// Locks those of the tenants that exist, in the order of their ids, and reads what is needed to decide upon most requests. The
/// function's queries see what was committed while it waited.
pub(crate) async fn lock_wallets(connection: &mut Connection, named: &Named) -> Result<Locked, Error> {
    let rows = sqlx::query!(
        r#"SELECT tenant_id, seq, balance_after, low_balance, has_holds AS "has_holds!", keys_known AS "keys_known!",
            revoked AS "revoked!" FROM lock_wallets($1, $2, $3)"#,
        &named.tenants,
        &named.keys,
        &named.api_keys
    )
    .fetch_all(connection)
    .await?;
    let mut locked = Locked::default();
    for row in rows {
        (locked.keys_known, locked.revoked) = (row.keys_known, row.revoked);
        // Without any of the tenants there is one row, of none.
        if let Some(tenant_id) = row.tenant_id {
            locked.has_holds |= row.has_holds;
            let (seq, balance_after, low_balance) = (row.seq, row.balance_after, row.low_balance);
            locked.wallets.push(WalletRow { tenant_id, seq, balance_after, low_balance });
        }
    }
    Ok(locked)
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

/// Writes what was decided, in one round trip.
pub(crate) async fn write(connection: &mut Connection, rows: &WaveRows) -> Result<(), Error> {
    sqlx::query!(
        "SELECT write_wallet($1::TEXT::JSON, $2::TEXT::JSON, $3::TEXT::JSON, $4::TEXT::JSON, $5::TEXT::JSON,
            $6::TEXT::JSON, $7::TEXT::JSON, $8::TEXT::JSON)",
        rows.freed.as_deref(),
        rows.spends.as_deref(),
        rows.grants.as_deref(),
        rows.reversals.as_deref(),
        rows.entries.as_deref(),
        rows.made.as_deref(),
        rows.extended.as_deref(),
        rows.keys.as_deref()
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
