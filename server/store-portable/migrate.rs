//! Bringing a database up to this build's schema, forwards only.

use std::collections::BTreeMap;

use billing::store::StoreError;
use sqlx::migrate::{Migrate, MigrateError as SqlxError};

use crate::{MIGRATOR, dialect::Connection};

/// Why the database was left as it was.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer build has been here.
    #[error(
        "the database has migration {0}, which this build does not know. It was made by a newer version of the shop: \
         start that version, or point DATABASE_URL at another database. Nothing was changed"
    )]
    Newer(i64),
    /// A migration's file is not what it was when it was applied.
    #[error(
        "migration {0} is not the one that was applied to this database. A migration is never edited once it has run: \
         restore its file and put the change into a new migration. Nothing was changed"
    )]
    Edited(i64),
    /// The migration itself failed, and was rolled back.
    #[error("migration {version} failed and was rolled back: {source}")]
    Failed {
        /// Which.
        version: i64,
        /// What the database said.
        source: sqlx::Error,
    },
    /// Anything else.
    #[error("the database could not be migrated: {0}")]
    Other(#[source] SqlxError),
}

impl From<SqlxError> for MigrateError {
    fn from(error: SqlxError) -> Self {
        match error {
            SqlxError::VersionMissing(version) => Self::Newer(version),
            SqlxError::VersionMismatch(version) => Self::Edited(version),
            SqlxError::ExecuteMigration(source, version) => Self::Failed { version, source },
            other => Self::Other(other),
        }
    }
}

pub(crate) async fn migrate(connection: &mut Connection) -> Result<(), MigrateError> {
    Ok(MIGRATOR.run_direct(None, connection, false).await?)
}

/// Whether the database has just this build's migrations.
pub(crate) async fn check_migrated(connection: &mut Connection) -> Result<(), StoreError> {
    let applied = connection
        .list_applied_migrations(&MIGRATOR.table_name)
        .await
        .map_err(|error| StoreError::Unavailable(format!("the database is not migrated: {error}")))?;
    let applied: BTreeMap<_, _> = applied.iter().map(|done| (done.version, &done.checksum)).collect();
    for known in MIGRATOR.iter() {
        if applied.get(&known.version) != Some(&&known.checksum) {
            return Err(StoreError::Unavailable(format!("migration {} is not applied", known.version)));
        }
    }
    Ok(())
}
