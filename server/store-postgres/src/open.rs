//! Connecting to the server.

use std::{str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::broadcast, time::timeout};

use crate::{PostgresStore, announce::Announcer, dialect::Pool, listen::Listener};

/// How long a caller waits for a connection.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECTIONS_MAX: u32 = 16;
/// How long an idle connection is taken to be still there.
const TRUSTED_FOR: Duration = Duration::from_secs(5);
/// Hints that a slow listener may fall behind by.
const CHANGES_KEPT: usize = 1024;

/// Why the database could not be opened. No password is in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a PostgreSQL URL.
    #[error("the database URL is not one of PostgreSQL's: write it like postgres://user:password@host:5432/shop")]
    Url,
    /// Nobody answers there.
    #[error("no PostgreSQL server answers at {host}:{port} ({source}). Start it, or correct the host and port")]
    Unreachable {
        /// From the URL.
        host: String,
        /// From the URL.
        port: u16,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// It answers, and refuses.
    #[error("the PostgreSQL server at {host}:{port} refuses the connection: {source}")]
    Refused {
        /// From the URL.
        host: String,
        /// From the URL.
        port: u16,
        /// What the server said: an unknown user or database, a wrong password.
        source: sqlx::Error,
    },
}

impl PostgresStore {
    /// Connects, and listens for changed purchases. Doesn't migrate.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            return Err(OpenError::Url);
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
        // The pool would try an absent server again and again, and in the end say only that time was up.
        let first = timeout(TURN_TIMEOUT, options.connect()).await;
        let first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(|source| explain(&options, source))?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(TURN_TIMEOUT)
            // Asking each time whether the connection is still there would double the round trips of most requests.
            .test_before_acquire(false)
            .before_acquire(|connection, about| {
                Box::pin(async move {
                    if about.idle_for > TRUSTED_FOR {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move {
                    // Nobody waits for ever: not for a lock, and not for an answer.
                    let bounds = "SET lock_timeout = '5s'; SET statement_timeout = '10s'";
                    sqlx::raw_sql(bounds).execute(connection).await?;
                    Ok(())
                })
            })
            .connect_with(options.clone())
            .await;
        let opened = async {
            first.close().await?;
            let pool = pool?;
            let changes = broadcast::Sender::new(CHANGES_KEPT);
            let listener = Arc::new(Listener::start(&pool, changes.clone()).await?);
            let announcer = Arc::new(Announcer::start(&pool, changes.clone()));
            Ok(Self { pool, changes, announcer, listener })
        };
        opened.await.map_err(|source| explain(&options, source))
    }
}

fn explain(options: &PgConnectOptions, source: sqlx::Error) -> OpenError {
    let (host, port) = (options.get_host().to_owned(), options.get_port());
    match source {
        sqlx::Error::Database(_) | sqlx::Error::Tls(_) => OpenError::Refused { host, port, source },
        _ => OpenError::Unreachable { host, port, source },
    }
}

/// A connection of its own for a migration, which may take longer than a request would wait.
pub(crate) async fn migrating(pool: &Pool) -> Result<PgConnection, sqlx::Error> {
    pool.connect_options().connect().await
}
