//! The statements in which SQLite differs from PostgreSQL.

use billing::{account::EmailAddress, ids::TenantId};
use sqlx::Sqlite;
use tokio::sync::broadcast;

use crate::{
    SqliteStore,
    portable::{NewPurchaseRow, SessionRow, insert_purchase, select_sessions},
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

    /// Takes the write lock at once; a transaction that first reads and then writes would fail without waiting if
    /// another one has written in between.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// The users of the sessions that have not expired by `now`, in microseconds since 1970.
    pub(crate) async fn owners(&self, token_hashes: &[String], now: i64) -> Result<Vec<SessionRow>, sqlx::Error> {
        let token_hashes = serde_json::Value::from(token_hashes).to_string();
        select_sessions!(
            "sessions.token_hash IN (SELECT value FROM json_each($1)) AND sessions.expires_at > $2",
            token_hashes,
            now
        )
        .fetch_all(self.reader())
        .await
    }

    pub(crate) fn changed(&self, tenant: TenantId) {
        // An error means that there is no listener.
        let _ = self.changes.send(tenant);
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<TenantId> {
        self.changes.subscribe()
    }
}

/// Calls the macro of a statement that claims rows, with the clause that locks them. There is none here, because the
/// statement holds the write lock.
macro_rules! claim {
    ($statement:ident, $($argument:expr),+) => {
        $statement!("", $($argument),+)
    };
}
pub(crate) use claim;

/// Calls the macro of a statement that reads ledger entries of kind $4, which is not SPEND, by their partial index. It is
/// named, because the planner takes the primary key otherwise, which is the table itself.
macro_rules! by_kind_index {
    ($statement:ident, $($argument:expr),+) => {
        $statement!("INDEXED BY ledger_entries_kind_idx", "entry.kind = $4 AND entry.kind <> 'SPEND'", $($argument),+)
    };
}
pub(crate) use by_kind_index;

/// Inserts a purchase, if the tenant's limits allow it. Returns the number of rows written. The statement holds the
/// write lock from the start, so that no other order comes between counting and writing.
pub(crate) async fn insert_purchase(connection: &mut Connection, row: &NewPurchaseRow<'_>) -> Result<u64, sqlx::Error> {
    let insert = insert_purchase!(
        "($24 IS NULL
            OR ((SELECT count(*) FROM purchases WHERE tenant_id = $2 AND status = 'PENDING') < $24
                AND (SELECT count(*) FROM purchases WHERE tenant_id = $2 AND id > $25) < $26))",
        row
    );
    Ok(insert.execute(connection).await?.rows_affected())
}

/// The transaction holds the write lock, so no other one gives the address to a user or a tenant of the platform.
pub(crate) async fn lock_address(_: &mut Connection, _: &EmailAddress) -> Result<(), sqlx::Error> {
    Ok(())
}
