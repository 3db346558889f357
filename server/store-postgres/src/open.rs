//! Connecting to the server.

use std::{io, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::broadcast, time::timeout};

use crate::{
    PostgresStore,
    announce::Announcer,
    fit,
    listen::Listener,
    pool::{PING_TIME_MAX, Pool},
    portable::{Limits, is_suspect},
    tls,
};

pub(crate) const CONNECTIONS_DEFAULT: u32 = 16;
/// How long a server may take to let somebody in.
pub(crate) const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);
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
    /// It answers, but there is no TLS with it, or not with this certificate.
    #[error(
        "no TLS with the PostgreSQL server at {host}:{port} ({source}). In DATABASE_URL, sslmode says how much is wanted \
         (require, verify-ca, verify-full, or disable), and sslrootcert=/path/to/ca.crt names the certificate of who signed \
         the server's"
    )]
    Tls {
        /// From the URL.
        host: String,
        /// From the URL.
        port: u16,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// It answers, and takes nobody without TLS.
    #[error(
        "the PostgreSQL server at {host}:{port} refuses a connection without TLS: {source}. Put sslmode=require into \
         DATABASE_URL, or sslmode=verify-full with sslrootcert=/path/to/ca.crt"
    )]
    Unencrypted {
        /// From the URL.
        host: String,
        /// From the URL.
        port: u16,
        /// What the server said.
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

impl OpenError {
    /// Whether the server may let us in later: it is not there, starts, stops, or is full.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused { source, .. } => source
                .as_database_error()
                .and_then(sqlx::error::DatabaseError::code)
                .is_some_and(|code| code.starts_with("57") || code.starts_with("53")),
            _ => false,
        }
    }
}

impl PostgresStore {
    /// Connects, and listens for changed purchases. Doesn't migrate.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, Limits::default()).await
    }

    /// As [`open`](Self::open), with limits of the operator's.
    pub async fn open_with(url: &str, limits: Limits) -> Result<Self, OpenError> {
        if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
            return Err(OpenError::Url);
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?.application_name("credit-shop");
        let opened = async {
            // The pool would try an absent server again and again, and in the end say only that time was up.
            let mut first = connect(&options).await?;
            tls::warn_when_readable(&options, &mut first).await?;
            first.close().await?;
            let pool = Pool::new(pool(&options, limits).await?, limits.time);
            let changes = broadcast::Sender::new(CHANGES_KEPT);
            // One per process, so that who looks at the server's connections can add up the pools.
            let listening = options.clone().application_name(&fit::application_name(limits.connections));
            let listener = Arc::new(Listener::start(listening, changes.clone()).await?);
            fit::warn_when_too_many(&pool).await?;
            let announcer = Arc::new(Announcer::start(&pool, changes.clone()));
            Ok(Self { pool, changes, announcer, listener })
        };
        opened.await.map_err(|source| explain(&options, source))
    }
}

/// A connection of its own, in bounded time.
pub(crate) async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    timeout(CONNECT_TIME_MAX, options.connect()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

async fn pool(options: &PgConnectOptions, limits: Limits) -> Result<sqlx::Pool<sqlx::Postgres>, sqlx::Error> {
    // Nobody waits for ever: not for a lock, and not for an answer. The server's end learns by itself that we are gone, and
    // gives back what was locked; its probes keep the way open through firewalls that forget a silent connection.
    let (lock, statement) = (limits.lock_time().as_millis(), limits.time.as_millis());
    let bounds: Arc<str> = format!(
        "SET lock_timeout = {lock}; SET statement_timeout = {statement}; SET tcp_keepalives_idle = 10;
        SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = 20000"
    )
    .into();
    PgPoolOptions::new()
        .max_connections(limits.connections)
        .acquire_timeout(limits.time)
        // Asking each time whether the connection is still there would double the round trips of most requests.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if is_suspect(about.age) {
                    return Ok(false);
                }
                if about.idle_for > TRUSTED_FOR {
                    ping(connection).await?;
                }
                Ok(true)
            })
        })
        .after_release(|_, about| Box::pin(async move { Ok(!is_suspect(about.age)) }))
        .after_connect(move |connection, _| {
            let bounds = bounds.clone();
            Box::pin(async move {
                sqlx::raw_sql(sqlx::AssertSqlSafe(bounds)).execute(connection).await?;
                Ok(())
            })
        })
        .connect_with(options.clone())
        .await
}

/// Whether the server is still at the other end.
async fn ping(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let silent = || sqlx::Error::Io(io::ErrorKind::TimedOut.into());
    timeout(PING_TIME_MAX, connection.ping()).await.unwrap_or_else(|_| Err(silent()))
}

fn explain(options: &PgConnectOptions, source: sqlx::Error) -> OpenError {
    let (host, port) = (options.get_host().to_owned(), options.get_port());
    match &source {
        sqlx::Error::Database(error) if tls::is_demanded(error.as_ref()) => {
            OpenError::Unencrypted { host, port, source }
        }
        sqlx::Error::Database(_) => OpenError::Refused { host, port, source },
        _ if tls::has_failed(options, &source) => OpenError::Tls { host, port, source },
        _ => OpenError::Unreachable { host, port, source },
    }
}
