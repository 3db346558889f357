//! Where PostgreSQL differs from SQLite.

use billing::ids::TenantId;
use sqlx::{Postgres, error::DatabaseError};
use tokio::sync::broadcast;

use crate::{
    PostgresStore,
    portable::{OwnerRow, select_owners},
};

pub(crate) type Pool = sqlx::Pool<Postgres>;
pub(crate) type Connection = sqlx::PgConnection;

impl PostgresStore {
    pub(crate) fn writer(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn reader(&self) -> &Pool {
        &self.pool
    }

    pub(crate) fn pools(&self) -> [&Pool; 1] {
        [&self.pool]
    }

    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, Postgres>, sqlx::Error> {
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

/// The constraint or trigger that refused a write; the triggers raise `check_violation` with their rule's name.
pub(crate) fn broken_rule(error: &dyn DatabaseError) -> Option<String> {
    let code = error.code()?;
    // Class 23: integrity constraint violation; 22003: a number out of range, such as an overflowing balance.
    let refused = code.starts_with("23") || code == "22003";
    refused.then(|| error.constraint().unwrap_or(error.message()).to_owned())
}

/// Whether the same statement may go through later. Classes 08, 53 and 57: connection, resources, operator; 40001 and
/// 40P01: serialization and deadlock; 55P03: a lock that was not to be had in time.
pub(crate) fn is_passing(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| {
        ["08", "53", "57"].iter().any(|class| code.starts_with(class)) || ["40001", "40P01", "55P03"].contains(&&*code)
    })
}

/// Whether a statement names a table that is not there.
pub(crate) fn is_missing_table(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42P01")
}

/// Whether this role may not do that.
pub(crate) fn is_denied(error: &dyn DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "42501")
}
