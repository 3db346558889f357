//! Where SQLite differs from PostgreSQL.

use billing::ids::TenantId;
use sqlx::{Sqlite, error::DatabaseError};
use tokio::sync::broadcast;

use crate::{
    SqliteStore,
    portable::{NewPurchaseRow, OwnerRow, insert_purchase, select_owners},
};

pub(crate) type Pool = sqlx::Pool<Sqlite>;
pub(crate) type Connection = sqlx::SqliteConnection;
pub(crate) type DriverConnection = sqlx::SqliteConnection;

impl SqliteStore {
    pub(crate) fn writer(&self) -> &Pool {
        &self.writer
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.reader
    }

    pub(crate) fn pools(&self) -> [&Pool; 2] {
        [&self.writer, &self.reader]
    }

    /// Takes the write lock at once: a transaction that read first and wrote later could find its reading outdated, and
    /// would fail without having waited.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Who is signed in by those of the sessions that have not ended by `now`, in microseconds since 1970.
    pub(crate) async fn owners(&self, token_hashes: &[String], now: i64) -> Result<Vec<OwnerRow>, sqlx::Error> {
        let token_hashes = serde_json::Value::from(token_hashes).to_string();
        select_owners!(
            "sessions.token_hash IN (SELECT value FROM json_each($1)) AND sessions.expires_at > $2",
            token_hashes,
            now
        )
        .fetch_all(self.reader())
        .await
    }

    pub(crate) fn changed(&self, tenant: TenantId) {
        // An error means that nobody listens.
        let _ = self.changes.send(tenant);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<TenantId> {
        self.changes.subscribe()
    }
}

/// Writes a purchase, if the tenant may order it; tells how many were written. The statement has the write lock from its
/// beginning, so no other order comes between counting and writing.
pub(crate) async fn insert_purchase(connection: &mut Connection, row: &NewPurchaseRow<'_>) -> Result<u64, sqlx::Error> {
    let insert = insert_purchase!(
        "($24 IS NULL
            OR ((SELECT count(*) FROM purchases WHERE tenant_id = $2 AND status = 'PENDING') < $24
                AND (SELECT count(*) FROM purchases WHERE tenant_id = $2 AND id > $25) < $26))",
        row
    );
    Ok(insert.execute(connection).await?.rows_affected())
}

/// The constraint or trigger that refused a write. Triggers say `name: why`; SQLite itself names CHECKs, and the columns
/// of unique keys.
pub(crate) fn broken_rule(error: &dyn DatabaseError) -> Option<String> {
    const CONSTRAINT: i32 = 19;
    const CONSTRAINT_TRIGGER: i32 = 1811;
    let code: i32 = error.code()?.parse().ok()?;
    if code & 0xff != CONSTRAINT {
        return None;
    }
    let message = error.message();
    let name = if code == CONSTRAINT_TRIGGER {
        message.split(':').next()
    } else {
        message.rsplit("constraint failed: ").next()
    };
    Some(name.unwrap_or(message).to_owned())
}

/// The primary result code: <https://sqlite.org/rescode.html>.
fn primary_code(error: &dyn DatabaseError) -> Option<i32> {
    Some(error.code()?.parse::<i32>().ok()? & 0xff)
}

/// Whether the same statement may go through later: the file is locked by another process.
pub(crate) fn is_passing(error: &dyn DatabaseError) -> bool {
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const PROTOCOL: i32 = 15;
    matches!(primary_code(error), Some(BUSY | LOCKED | PROTOCOL))
}

/// Whether the disk is what failed, or is full, or takes no writes. A page that can't be read is told as CORRUPT, too.
pub(crate) fn is_storage_failure(error: &dyn DatabaseError) -> bool {
    const READONLY: i32 = 8;
    const IOERR: i32 = 10;
    const CORRUPT: i32 = 11;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    matches!(primary_code(error), Some(READONLY | IOERR | CORRUPT | FULL | CANTOPEN))
}

/// Whether a statement names a table that is not there.
pub(crate) fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.message().starts_with("no such table")
}

/// SQLite knows no roles: who may write the file may do everything.
pub(crate) fn is_denied(_: &dyn DatabaseError) -> bool {
    false
}
