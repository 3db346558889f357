//! Connects to the server.

use std::{str::FromStr, sync::Arc};

use sqlx::{Connection, postgres::PgConnectOptions};
use tokio::sync::broadcast;

use crate::{
    PostgresStore,
    announce::Announcer,
    commit::Writer,
    connect::connect,
    fit,
    listen::Listener,
    pool::{Pool, Route},
    pooler,
    portable::{Limits, commits::Commits},
    tls,
};

/// How many notifications a slow listener may fall behind by.
const CHANGES_KEPT: usize = 1024;

/// The URLs of a database.
#[derive(Clone, Copy)]
pub struct Urls<'a> {
    /// The URL of the pool's connections.
    pub main: &'a str,
    /// The URL of the server itself, if `main` is that of a pooler in transaction mode. Used for migrations and
    /// notifications, which need a session.
    pub direct: Option<&'a str>,
}

impl<'a> From<&'a str> for Urls<'a> {
    fn from(main: &'a str) -> Self {
        Self { main, direct: None }
    }
}

/// Why the database could not be opened. Contains no password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL leads to a pooler in transaction mode, and there is no direct URL.
    #[error(
        "{host}:{port} is a pooler in transaction mode, such as PgBouncer: set DATABASE_DIRECT_URL to the PostgreSQL server \
         itself as well, or let the pooler work in session mode"
    )]
    Pooler {
        /// From the URL.
        host: String,
        /// From the URL.
        port: u16,
    },
    /// Not a PostgreSQL URL.
    #[error("the database URL is not one of PostgreSQL's: write it like postgres://user:password@host:5432/shop")]
    Url,
    /// No server answers at this address.
    #[error("no PostgreSQL server answers at {host}:{port} ({source}). Start it, or correct the host and port")]
    Unreachable {
        /// From the URL.
        host: String,
        /// From the URL.
        port: u16,
        /// What went wrong.
        source: sqlx::Error,
    },
    /// The server has no TLS, or its certificate is not trusted.
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
    /// The server requires TLS.
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
    /// The server refuses the connection.
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
    /// Whether a later attempt may succeed: the server is down, starts, stops, or is out of connections.
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

    /// Like [`open`](Self::open), with the operator's limits, and optionally through a pooler.
    pub async fn open_with<'a>(urls: impl Into<Urls<'a>>, limits: Limits) -> Result<Self, OpenError> {
        let Urls { main, direct } = urls.into();
        let main = options(main)?;
        let (direct, route) = match direct {
            Some(direct) => (options(direct)?, Route::Transactions),
            None => (main.clone(), Route::Session),
        };
        check_sessions(&direct).await?;
        let opened = async {
            let pool = Pool::open(&main, limits, route).await?;
            let changes = broadcast::Sender::new(CHANGES_KEPT);
            // One per process, so that the sizes of all pools can be summed up from the server's list of connections.
            let listening = direct.clone().application_name(&fit::application_name(limits.connections));
            let listener = Arc::new(Listener::start(listening, changes.clone()).await?);
            if route == Route::Session {
                fit::warn_when_too_many(&pool).await?;
            }
            let announcer = Arc::new(Announcer::start(&pool, changes.clone()));
            let commits = Arc::new(Commits::new(Writer(pool.clone()), limits.coalescing));
            Ok(Self { pool, commits, direct: direct.clone().into(), changes, announcer, listener })
        };
        opened.await.map_err(|source| explain(&main, source))
    }
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    if !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Err(OpenError::Url);
    }
    let options = PgConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    // PgBouncer refuses the driver's `extra_float_digits`; the shop stores no floats.
    Ok(options.application_name("credit-shop").extra_float_digits(None))
}

/// Checks that a server answers, and that each connection has a session of its own.
async fn check_sessions(options: &PgConnectOptions) -> Result<(), OpenError> {
    // The pool would retry an absent server, and report only a timeout in the end.
    let checked = async {
        let mut first = connect(options).await?;
        let shared = pooler::shares_sessions(options, &mut first).await?;
        if !shared {
            tls::warn_when_readable(options, &mut first).await?;
        }
        first.close().await?;
        Ok(shared)
    };
    match checked.await {
        Ok(false) => Ok(()),
        Ok(true) => Err(OpenError::Pooler { host: options.get_host().to_owned(), port: options.get_port() }),
        Err(source) => Err(explain(options, source)),
    }
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
