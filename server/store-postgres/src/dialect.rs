//! The statements in which PostgreSQL differs from SQLite.

use billing::{account::EmailAddress, ids::TenantId};
use tokio::sync::broadcast;

pub(crate) use crate::pool::Pool;
use crate::{
    PostgresStore,
    pool::{Lease, Transaction},
    portable::{NewPurchaseRow, SessionRow, insert_purchase, select_sessions},
};

pub(crate) type Connection = Lease;
/// The driver's own connection type, for its migrations.
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

    /// The users of the sessions that have not expired by `now`, in microseconds since 1970.
    pub(crate) async fn owners(&self, token_hashes: &[String], now: i64) -> Result<Vec<SessionRow>, sqlx::Error> {
        select_sessions!("sessions.token_hash = ANY($1) AND sessions.expires_at > $2", token_hashes, now)
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

/// Calls the macro of a statement that claims rows, with the clause that locks them. A row that another process has
/// locked is skipped: that process is claiming or changing it. The lock is the one that UPDATE takes.
macro_rules! claim {
    ($statement:ident, $($argument:expr),+) => {
        $statement!("FOR NO KEY UPDATE SKIP LOCKED", $($argument),+)
    };
}
pub(crate) use claim;

/// Calls the macro of a statement that reads ledger entries of kind $4, which is not SPEND, by their partial index. Its
/// condition stands in the statement, because a plan for any $4 could not use it otherwise.
macro_rules! by_kind_index {
    ($statement:ident, $($argument:expr),+) => {
        $statement!("", "entry.kind = $4 AND entry.kind <> 'SPEND'", $($argument),+)
    };
}
pub(crate) use by_kind_index;

/// Inserts a purchase, if the tenant's limits allow it. Returns the number of rows written.
pub(crate) async fn insert_purchase(connection: &mut Connection, row: &NewPurchaseRow<'_>) -> Result<u64, sqlx::Error> {
    let insert = insert_purchase!("($24::BIGINT IS NULL OR may_order($2, $4, $24, $25, $26))", row);
    Ok(insert.execute(connection).await?.rows_affected())
}

/// Lets one transaction at a time give the address to a user or, for the first time, to a tenant of the platform: otherwise
/// a sign-up and an upsert that arrive together would not see each other, and make two tenants.
pub(crate) async fn lock_address(connection: &mut Connection, email: &EmailAddress) -> Result<(), sqlx::Error> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext('address'), hashtext($1))", email.as_str())
        .execute(connection)
        .await?;
    Ok(())
}
