//! Migrating while other processes serve.
//!
//! A statement that waits for a table's lock blocks all later ones on that table, readers as well. So a migration waits
//! only briefly for a lock, gives up, and tries again.

use std::time::Duration;

use sqlx::{Connection, PgConnection, migrate::MigrateError as SqlxError, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep};

use crate::{MIGRATOR, MigrateError, connect::connect, error_codes, migration_lock, portable::migrate_to};

/// How long a migration is retried.
const RETRY_TIME_MAX: Duration = Duration::from_mins(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Applies the migrations up to and with that version.
pub(crate) async fn apply(options: &PgConnectOptions, version: i64) -> Result<(), MigrateError> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    loop {
        match attempt(options, version).await {
            Err(error) if is_locked(&error) && began.elapsed() < RETRY_TIME_MAX => {
                tracing::warn!(version, %error, "somebody holds a lock that the migration needs: it is tried again");
                sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            outcome => return outcome,
        }
    }
}

/// On a connection of its own: after a failure the driver keeps its lock, and closing releases it.
async fn attempt(options: &PgConnectOptions, version: i64) -> Result<(), MigrateError> {
    let failed = |error: sqlx::Error| MigrateError::Other(error.into());
    let mut connection = connect(options).await.map_err(failed)?;
    let ours = async {
        migration_lock::acquire(&mut connection).await?;
        bound(&mut connection, version).await
    };
    let outcome = match ours.await {
        Ok(()) => migrate_to(&mut connection, version).await,
        Err(error) => Err(failed(error)),
    };
    // The migration is done or has failed; how closing goes changes neither.
    let _ = connection.close().await;
    outcome
}

/// A migration may run long, but not wait long for a lock. One outside a transaction (`CREATE INDEX CONCURRENTLY`) may:
/// it blocks nobody, and interrupted it leaves an invalid index.
async fn bound(connection: &mut PgConnection, version: i64) -> Result<(), sqlx::Error> {
    let concurrent = MIGRATOR.iter().any(|migration| migration.version == version && migration.no_tx);
    let bounds = if concurrent {
        "SET statement_timeout = 0; SET lock_timeout = 0"
    } else {
        "SET statement_timeout = 0; SET lock_timeout = '1s'"
    };
    sqlx::raw_sql(bounds).execute(connection).await?;
    Ok(())
}

fn is_locked(error: &MigrateError) -> bool {
    let (MigrateError::Failed { source, .. } | MigrateError::Other(SqlxError::Execute(source))) = error else {
        return false;
    };
    source.as_database_error().is_some_and(error_codes::is_locked)
}
