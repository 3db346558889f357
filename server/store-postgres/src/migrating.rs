//! Migrates while other processes serve.
//!
//! A statement that waits for a table's lock blocks all later statements on that table, even reads. So a migration
//! waits only briefly for a lock, gives up, and retries.

use std::time::Duration;

use sqlx::{Connection, PgConnection, migrate::MigrateError as SqlxError, postgres::PgConnectOptions};
use tokio::time::{Instant, sleep};

use crate::{MIGRATOR, MigrateError, connect::connect, error_codes, migration_lock, portable::migrate_to};

/// How long a migration is retried.
const RETRY_TIME_MAX: Duration = Duration::from_mins(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// Applies the migrations up to and including `version`.
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

/// On a connection of its own, because after a failure only closing it releases the driver's lock.
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
    // An error of closing changes nothing about the migration's result.
    let _ = connection.close().await;
    outcome
}

/// Limits how long a migration waits for a lock, but not how long it runs. A migration outside a transaction (`CREATE
/// INDEX CONCURRENTLY`) has no limit: it blocks nobody, and would leave an invalid index if it were interrupted.
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
