//! The shop's data in one SQLite file: nothing to install, for a laptop or a small shop.
//!
//! One connection writes and several read (WAL); a commit is on the disk before it is reported. Several processes may
//! use one file, but [`changes`](billing::store::Store::changes) reports only the changes of this process.

mod access;
mod commit;
mod dialect;
mod error_codes;
mod open;
#[path = "../../store-shared/mod.rs"]
mod portable;
#[cfg(feature = "testing")]
pub mod testing;
mod wallet_dialect;
mod webhook_dialect;

use std::{sync::Arc, time::Duration};

use billing::{ids::TenantId, store::StoreError};
use sqlx::{Row as _, migrate::Migrator};
use tokio::{sync::broadcast, time::timeout};

use dialect::Pool;
pub use open::OpenError;
pub use portable::{Limits, MigrateError};
use portable::{commits::Commits, store_error};

static MIGRATOR: Migrator = sqlx::migrate!();

/// The connections for reading; one more writes.
const CONNECTIONS_DEFAULT: u32 = 8;

/// The timeout of closing.
const CLOSE_TIME_MAX: Duration = Duration::from_secs(5);

/// The name of this crate's store in the shared source.
type ThisStore = SqliteStore;

/// Purchases, ledger, events, accounts and sessions in one SQLite file; cheap to clone.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Pool,
    reader: Pool,
    commits: Arc<Commits>,
    changes: broadcast::Sender<TenantId>,
}

impl SqliteStore {
    /// Migrates the file to this build's schema. Safe while another process does the same.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        while let Err(error) = self.check_migrated().await {
            let MigrateError::Behind(version) = error else { return Err(error) };
            self.apply(version).await?;
        }
        Ok(())
    }

    /// Checks that the file has exactly this build's schema.
    pub async fn check_migrated(&self) -> Result<(), MigrateError> {
        let mut connection = self.reader.acquire().await.map_err(|error| MigrateError::Other(error.into()))?;
        portable::check_migrated(&mut connection).await
    }

    async fn apply(&self, version: i64) -> Result<(), MigrateError> {
        // The driver has no migration lock for SQLite. So this takes the write lock before it checks for missing
        // migrations; a second process waits, and then finds none.
        let mut connection = open::migrating(&self.writer).await.map_err(|error| MigrateError::Other(error.into()))?;
        let mut transaction = sqlx::Connection::begin_with(&mut connection, "BEGIN IMMEDIATE")
            .await
            .map_err(|error| MigrateError::Other(error.into()))?;
        portable::migrate_to(&mut transaction, version).await?;
        transaction.commit().await.map_err(|error| MigrateError::Other(error.into()))
    }

    /// Waits for running statements, checkpoints the journal into the file, and closes it.
    pub async fn close(&self) {
        if self.writer.is_closed() {
            return;
        }
        let closing = async {
            self.reader.close().await;
            if let Err(error) = self.empty_journal().await {
                tracing::warn!(%error, "the file does not hold everything: a copy of it needs its -wal as well");
            }
            self.writer.close().await;
        };
        if timeout(CLOSE_TIME_MAX, closing).await.is_err() {
            tracing::warn!("the database was not closed in time");
        }
    }

    async fn empty_journal(&self) -> Result<(), StoreError> {
        let mut connection = self.writer.acquire().await.map_err(store_error)?;
        let checkpoint = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
        match checkpoint.and_then(|row| row.try_get::<i64, _>("busy")).map_err(store_error)? {
            0 => Ok(()),
            _ => Err(StoreError::Unavailable("another process uses it".to_owned())),
        }
    }
}
