//! Opening the file.

use std::{io, path::PathBuf, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::{sync::broadcast, time::sleep};

use crate::{SqliteStore, dialect};

/// How long a statement waits for another process's write.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a migration waits for another process's.
const MIGRATION_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a caller waits for its turn at a connection.
const TURN_TIMEOUT: Duration = Duration::from_secs(10);
const READERS_MAX: u32 = 8;
/// Hints that a slow listener may fall behind by.
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
    /// There is no such file, and none was to be made.
    #[error("there is no database at {}; `server migrate` makes one", file.display())]
    Missing {
        /// Which.
        file: PathBuf,
    },
    /// The folder is not there and cannot be made.
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
    /// Opens the file, and makes it and its folder when they are not there. Doesn't migrate.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?;
        if let Some(folder) = options.get_filename().parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let folder = folder.to_owned();
            tokio::fs::create_dir_all(&folder).await.map_err(|source| OpenError::Folder { folder, source })?;
        }
        Self::connect(options.create_if_missing(true)).await
    }

    /// Opens a file that is there already. Doesn't migrate.
    pub async fn open_existing(url: &str) -> Result<Self, OpenError> {
        let options = options(url)?;
        let file = options.get_filename().to_owned();
        if tokio::fs::try_exists(&file).await.is_ok_and(|exists| !exists) {
            return Err(OpenError::Missing { file });
        }
        Self::connect(options.create_if_missing(false)).await
    }

    async fn connect(options: SqliteConnectOptions) -> Result<Self, OpenError> {
        let file = options.get_filename().to_owned();
        let pool = || {
            // A connection costs nothing to keep, and a new one could find the file gone.
            SqlitePoolOptions::new()
                .acquire_timeout(TURN_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let writer = pool().max_connections(1).connect_lazy_with(options.clone());
        first_connection(&writer).await.map_err(|source| OpenError::File { file: file.clone(), source })?;
        let reader = pool()
            .max_connections(READERS_MAX)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(|source| OpenError::File { file, source })?;
        Ok(Self { writer, reader, changes: broadcast::Sender::new(CHANGES_KEPT) })
    }
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
        .busy_timeout(BUSY_TIMEOUT)
        .journal_mode(SqliteJournalMode::Wal)
        // An event is answered 2xx, and credits are shown, once they are committed: that must outlive a power cut.
        .synchronous(SqliteSynchronous::Full))
}

/// The first connection turns the file to WAL. SQLite doesn't wait when two processes do so at once; we do.
async fn first_connection(writer: &dialect::Pool) -> Result<(), sqlx::Error> {
    const STEP: Duration = Duration::from_millis(50);
    let mut waited = Duration::ZERO;
    loop {
        match writer.acquire().await {
            Err(sqlx::Error::Database(error)) if dialect::is_passing(error.as_ref()) && waited < BUSY_TIMEOUT => {
                sleep(STEP).await;
                waited += STEP;
            }
            outcome => return outcome.map(drop),
        }
    }
}

/// A connection of its own for a migration, that waits longer than a request would.
pub(crate) async fn migrating(writer: &dialect::Pool) -> Result<SqliteConnection, sqlx::Error> {
    let options = writer.connect_options().as_ref().clone();
    options.busy_timeout(MIGRATION_TIMEOUT).connect().await
}
