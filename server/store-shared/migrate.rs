//! Migrates a database to this build's schema, forwards only.

use std::collections::BTreeMap;

use sqlx::migrate::MigrateError as SqlxError;

use crate::{
    MIGRATOR,
    dialect::{Connection, DriverConnection},
    error_codes,
};

/// Why the database was not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer build has migrated the database.
    #[error(
        "the database has migration {0}, which this build does not know. It was made by a newer version of the shop: \
         start that version, or point DATABASE_URL at another database. Nothing was changed"
    )]
    Newer(i64),
    /// A migration's file differs from the applied one.
    #[error(
        "migration {0} is not the one that was applied to this database. A migration is never edited once it has run: \
         restore its file and put the change into a new migration. Nothing was changed"
    )]
    Edited(i64),
    /// A migration of this build is not applied.
    #[error("the database lacks migration {0}: run `server migrate`")]
    Behind(i64),
    /// A migration is missing, and this role may not change the schema.
    #[error(
        "the database lacks migration {version}, and this role may not make it: run `server migrate` with a DATABASE_URL \
         of the role that owns the tables ({source})"
    )]
    NotAllowed {
        /// Which.
        version: i64,
        /// What the database said.
        source: sqlx::Error,
    },
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

/// Applies this build's migrations up to and including `version`.
pub(crate) async fn migrate_to(connection: &mut DriverConnection, version: i64) -> Result<(), MigrateError> {
    MIGRATOR.run_direct(Some(version), connection, false).await.map_err(|error| match error {
        SqlxError::Execute(source) | SqlxError::ExecuteMigration(source, _) if is_denied(&source) => {
            MigrateError::NotAllowed { version, source }
        }
        other => other.into(),
    })
}

fn is_denied(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(error_codes::is_denied)
}

/// Checks that the database has exactly this build's migrations.
pub(crate) async fn check_migrated(connection: &mut Connection) -> Result<(), MigrateError> {
    let listed = sqlx::query_as::<_, (i64, Vec<u8>)>("SELECT version, checksum FROM _sqlx_migrations ORDER BY version");
    let applied: BTreeMap<_, _> = match listed.fetch_all(connection).await {
        Ok(applied) => applied.into_iter().collect(),
        // Before the first migration, the table of migrations does not exist.
        Err(sqlx::Error::Database(error)) if error_codes::is_missing_table(error.as_ref()) => BTreeMap::new(),
        Err(error) => return Err(MigrateError::Other(error.into())),
    };
    if let Some(newer) = applied.keys().find(|version| !MIGRATOR.version_exists(**version)) {
        return Err(MigrateError::Newer(*newer));
    }
    for known in MIGRATOR.iter() {
        match applied.get(&known.version) {
            Some(checksum) if *checksum == *known.checksum => {}
            Some(_) => return Err(MigrateError::Edited(known.version)),
            None => return Err(MigrateError::Behind(known.version)),
        }
    }
    Ok(())
}
