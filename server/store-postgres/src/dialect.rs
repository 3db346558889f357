//! Where PostgreSQL differs from SQLite.

use billing::ids::TenantId;
use sqlx::error::DatabaseError;
use tokio::sync::broadcast;

pub(crate) use crate::pool::Pool;
use crate::{
    PostgresStore,
    pool::{Lease, Transaction},
    portable::{NewPurchaseRow, OwnerRow, insert_purchase, select_owners},
};

pub(crate) type Connection = Lease;
/// A connection as the driver knows it, for its migrations.
pub(crate) type DriverConnection = sqlx::PgConnection;

impl PostgresStore {
    pub(crate) fn writer(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn pools(&self) -> [&sqlx::Pool<sqlx::Postgres>; 1] {
        [self.pool.driver()]
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, sqlx::Error> {
        self.pool.begin().await
    }

    /// Who is signed in by those of the sessions that have not ended by `now`, in microseconds since 1970.
    pub(crate) async fn owners(&self, token_hashes: &[String], now: i64) -> Result<Vec<OwnerRow>, sqlx::Error> {
        select_owners!("sessions.token_hash = ANY($1) AND sessions.expires_at > $2", token_hashes, now)
            .fetch_all(self.reader())
            .await
    }

    pub(crate) fn changed(&self, tenant: TenantId) {
        self.announcer.changed(tenant);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<TenantId> {
        self.changes.subscribe()
    }
}

/// Writes a purchase, if the tenant may order it; tells how many were written.
pub(crate) async fn insert_purchase(connection: &mut Connection, row: &NewPurchaseRow<'_>) -> Result<u64, sqlx::Error> {
    let insert = insert_purchase!("($24::BIGINT IS NULL OR may_order($2, $24, $25, $26))", row);
    Ok(insert.execute(connection).await?.rows_affected())
}

/// The constraint or trigger that refused a write; the triggers raise `check_violation` with their rule's name.
pub(crate) fn broken_rule(error: &dyn DatabaseError) -> Option<String> {
    let code = error.code()?;
    // Class 23: integrity constraint violation; 22003: a number out of range, such as an overflowing balance.
    let refused = code.starts_with("23") || code == "22003";
    refused.then(|| error.constraint().unwrap_or(error.message()).to_owned())
}

/// Whether the same statement may go through later. Classes 08, 28, 53 and 57: connection, authorization, resources,
/// operator; 3D000: no such database; 40001 and 40P01: serialization and deadlock; 55P03: a lock that was not to be had in
/// time.
pub(crate) fn is_passing(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        ["08", "28", "53", "57"].iter().any(|class| code.starts_with(class))
            || ["3D000", "40001", "40P01", "55P03"].contains(&&*code)
    })
}

/// Whether the server takes no writes, as a standby (25006), its disk fails (class 58, 53100), or it ends its connections
/// (57P01, 57P02).
pub(crate) fn is_storage_failure(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code.starts_with("58") || ["25006", "53100", "57P01", "57P02"].contains(&&*code))
}

/// Whether somebody else holds a lock: 55P03, or 40P01, a deadlock.
pub(crate) fn is_locked(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| ["55P03", "40P01"].contains(&&*code))
}

/// Whether a statement names a table that is not there.
pub(crate) fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01")
}

/// Whether this role may not do that.
pub(crate) fn is_denied(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42501")
}
