//! Opens the file.

use std::{io, path::PathBuf, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{sync::broadcast, time::sleep};

use crate::{
    SqliteStore, access,
    commit::Writer,
    dialect, error_codes,
    portable::{Limits, commits::Commits, is_suspect},
};

/// How long a migration waits for that of another process.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(1);
/// How many notifications a slow listener may fall behind by.
const CHANGES_KEPT: usize = 1024;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Not a SQLite URL.
    #[error("the database URL is not one of SQLite's: write it like sqlite://data/shop.db ({0})")]
    Url(#[source] sqlx::Error),
    /// A database in memory would be gone with the connection.
    #[error("a SQLite database in memory keeps nothing: name a file, like sqlite://data/shop.db")]
    InMemory,
    /// The file does not exist, and must not be created.
    #[error("there is no database at {}; `server migrate` makes one", file.display())]
    Missing {
        /// Which.
        file: PathBuf,
    },
    /// The folder does not exist and cannot be created.
    #[error("cannot create the folder {} for the database: {source}. Name a place where this user may write", folder.display())]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file cannot be opened or created for writing.
    #[error(
        "cannot open the database file {} for writing: {source}. It must be a SQLite file, in a folder where this user \
         may write", file.display()
    )]
    File {
        /// Which.
        file: PathBuf,
        /// What SQLite said.
        source: sqlx::Error,
    },
}

impl SqliteStore {
    /// Opens the file. Creates it and its folder if they are missing. Doesn't migrate.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, Limits::default()).await
    }

    /// Like [`open`](Self::open), with the operator's limits.
    pub async fn open_with(url: &str, limits: Limits) -> Result<Self, OpenError> {
        let options = options(url)?;
        let file = options.get_filename();
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let folder = folder.to_owned();
            tokio::fs::create_dir_all(&folder).await.map_err(|source| OpenError::Folder { folder, source })?;
        }
        access::keep_private(file)
            .await
            .map_err(|source| OpenError::File { file: file.to_owned(), source: source.into() })?;
        Self::connect(options.create_if_missing(true), limits).await
    }

    /// Opens an existing file. Doesn't migrate.
    pub async fn open_existing(url: &str, limits: Limits) -> Result<Self, OpenError> {
        let options = options(url)?;
        let file = options.get_filename().to_owned();
        if tokio::fs::try_exists(&file).await.is_ok_and(|exists| !exists) {
            return Err(OpenError::Missing { file });
        }
        Self::connect(options.create_if_missing(false), limits).await
    }

    async fn connect(options: SqliteConnectOptions, limits: Limits) -> Result<Self, OpenError> {
        let options = options.busy_timeout(limits.lock_time());
        let file = options.get_filename().to_owned();
        let writer = writer(limits).connect_lazy_with(options.clone());
        first_connection(&writer, limits.lock_time())
            .await
            .map_err(|source| OpenError::File { file: file.clone(), source })?;
        let reader = pool(limits)
            .max_connections(limits.connections)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(|source| OpenError::File { file, source })?;
        let commits = Arc::new(Commits::new(Writer(writer.clone()), limits.coalescing));
        Ok(Self { writer, reader, commits, changes: broadcast::Sender::new(CHANGES_KEPT) })
    }
}

fn pool(limits: Limits) -> SqlitePoolOptions {
    // Idle connections cost nothing, and a new one could find the file deleted.
    SqlitePoolOptions::new()
        .acquire_timeout(limits.time)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// One connection, which is replaced after a disk failure. The reading ones stay open: closing the last connection
/// removes the journal's index, and on a full disk no new connection could create it again.
fn writer(limits: Limits) -> SqlitePoolOptions {
    pool(limits)
        .max_connections(1)
        .before_acquire(|connection, about| {
            let sound = !connection.is_in_transaction() && !is_suspect(about.age);
            Box::pin(async move { Ok(sound) })
        })
        .after_release(|connection, about| {
            Box::pin(async move {
                if connection.is_in_transaction() {
                    // The rollback of a dropped transaction runs before this ping. On a full disk it fails, because
                    // SQLite has rolled back by itself, and the driver would then treat the transaction as open for
                    // good.
                    connection.ping().await?;
                }
                Ok(!connection.is_in_transaction() && !is_suspect(about.age))
            })
        })
}

fn options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    if !url.starts_with("sqlite:") {
        let text = "it does not begin with sqlite:".into();
        return Err(OpenError::Url(sqlx::Error::Configuration(text)));
    }
    let options = SqliteConnectOptions::from_str(url).map_err(OpenError::Url)?;
    let name = options.get_filename();
    if url.contains(":memory:") || url.contains("mode=memory") || name.as_os_str().is_empty() {
        return Err(OpenError::InMemory);
    }
    Ok(options
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // Events are acknowledged and credits shown after the commit, so commits must survive a power failure.
        .synchronous(SqliteSynchronous::Full))
}

/// The first connection switches the file to WAL. If two processes do so at once, SQLite fails instead of waiting, so
/// this retries.
async fn first_connection(writer: &dialect::Pool, time_max: Duration) -> Result<(), sqlx::Error> {
    const STEP: Duration = Duration::from_millis(50);
    let mut waited = Duration::ZERO;
    loop {
        match writer.acquire().await {
            Err(sqlx::Error::Database(error)) if error_codes::is_passing(error.as_ref()) && waited < time_max => {
                sleep(STEP).await;
                waited += STEP;
            }
            outcome => return outcome.map(drop),
        }
    }
}

/// A connection for a migration, which waits longer for locks than a request.
pub(crate) async fn migrating(writer: &dialect::Pool) -> Result<SqliteConnection, sqlx::Error> {
    let options = writer.connect_options().as_ref().clone();
    options.busy_timeout(MIGRATION_TIMEOUT).connect().await
}
