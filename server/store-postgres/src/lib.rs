//! The shop's data in PostgreSQL, for any number of processes.
//!
//! Each store notifies the channel `tenant_changed` of the tenants whose purchases it has changed, and listens there on
//! one connection.

mod announce;
mod breaker;
mod commit;
mod connect;
mod dialect;
mod error_codes;
mod fit;
mod listen;
mod migrating;
mod migration_lock;
mod open;
mod pool;
mod pooler;
#[path = "../../store-shared/mod.rs"]
mod portable;
#[cfg(feature = "testing")]
pub mod testing;
mod tls;
mod wallet_dialect;
mod webhook_dialect;

use std::{sync::Arc, time::Duration};

use billing::ids::TenantId;
use sqlx::{migrate::Migrator, postgres::PgConnectOptions};
use tokio::{sync::broadcast, time::timeout};

use announce::Announcer;
use listen::Listener;
pub use open::{OpenError, Urls};
use pool::Pool;
use portable::commits::Commits;
pub use portable::{Limits, MigrateError};

static MIGRATOR: Migrator = sqlx::migrate!();

/// The connections of one process.
const CONNECTIONS_DEFAULT: u32 = 16;

/// The timeout of closing.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// The name of this crate's store in the shared source.
type ThisStore = PostgresStore;

/// Purchases, ledger, events, accounts and sessions in a PostgreSQL database; cheap to clone.
#[derive(Clone, Debug)]
pub struct PostgresStore {
    pool: Pool,
    commits: Arc<Commits>,
    /// How to reach the server itself, even if the pool uses a pooler.
    direct: Arc<PgConnectOptions>,
    changes: broadcast::Sender<TenantId>,
    announcer: Arc<Announcer>,
    listener: Arc<Listener>,
}

impl PostgresStore {
    /// Migrates the database to this build's schema. If it is up to date, needs no permission to change it. Safe while
    /// another process does the same, because an advisory lock serializes them.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        while let Err(error) = self.check_migrated().await {
            let MigrateError::Behind(version) = error else { return Err(error) };
            migrating::apply(&self.direct, version).await?;
        }
        Ok(())
    }

    /// Checks that the database has exactly this build's schema.
    pub async fn check_migrated(&self) -> Result<(), MigrateError> {
        let mut connection = self.pool.acquire().await.map_err(|error| MigrateError::Other(error.into()))?;
        portable::check_migrated(&mut connection).await
    }

    /// Stops listening, waits for running statements, and closes the connections.
    pub async fn close(&self) {
        self.announcer.stop();
        self.listener.stop();
        if timeout(CLOSE_TIME_MAX, self.pool.close()).await.is_err() {
            tracing::warn!("some connections to the database were not closed in time");
        }
    }
}
