//! The shop's data in PostgreSQL, for any number of processes.
//!
//! Each store tells of the tenants whose purchases it has changed on the channel `tenant_changed`, and listens there on one
//! connection.

mod announce;
mod commit;
mod dialect;
mod listen;
mod open;
#[path = "../../store-portable/mod.rs"]
mod portable;
#[cfg(feature = "testing")]
pub mod testing;

use std::sync::Arc;

use billing::ids::TenantId;
use sqlx::{Connection, migrate::Migrator};
use tokio::sync::broadcast;

use announce::Announcer;
use dialect::Pool;
use listen::Listener;
pub use open::OpenError;
pub use portable::MigrateError;

static MIGRATOR: Migrator = sqlx::migrate!();

/// What the portable source calls the store of the crate that includes it.
type ThisStore = PostgresStore;

/// Purchases, ledger, events, accounts and sessions in a PostgreSQL database; cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: Pool,
    changes: broadcast::Sender<TenantId>,
    announcer: Arc<Announcer>,
    listener: Arc<Listener>,
}

impl PostgresStore {
    /// Brings the database up to this build's schema; asks for no right to change it when nothing is missing. Safe while
    /// another process does the same: an advisory lock lets one through after the other.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        while let Err(error) = self.check_migrated().await {
            let MigrateError::Behind(version) = error else { return Err(error) };
            self.apply(version).await?;
        }
        Ok(())
    }

    /// Whether the database has just this build's schema.
    pub async fn check_migrated(&self) -> Result<(), MigrateError> {
        let mut connection = self.pool.acquire().await.map_err(|error| MigrateError::Other(error.into()))?;
        portable::check_migrated(&mut connection).await
    }

    async fn apply(&self, version: i64) -> Result<(), MigrateError> {
        // On a connection of its own: after a failure the driver leaves the lock held, and closing gives it back.
        let mut connection = open::migrating(&self.pool).await.map_err(|error| MigrateError::Other(error.into()))?;
        let outcome = portable::migrate_to(&mut connection, version).await;
        // The outcome is known; a connection that will not close politely is gone all the same.
        let _ = connection.close().await;
        outcome
    }

    /// Stops listening, waits for what is under way, and closes the connections.
    pub async fn close(&self) {
        self.announcer.stop();
        self.listener.stop();
        self.pool.close().await;
    }
}
