//! A database for one test.

mod schema;

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{MigrateError, OpenError, SqliteStore};

const FILE: &str = "shop.db";
const FORGET_NEWEST: &str = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)
    RETURNING version";

/// A SQLite file in a folder of its own, gone when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    folder: TempDir,
}

/// Why there is no database to test with.
#[derive(Debug, thiserror::Error)]
pub enum TestDatabaseError {
    /// No folder for it.
    #[error("no temporary folder: {0}")]
    Folder(#[from] std::io::Error),
    /// It cannot be copied or read.
    #[error("the database cannot be copied or read: {0}")]
    Database(#[from] sqlx::Error),
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

/// Lets a test do to the connection that writes what a broken disk would.
pub async fn with_writer(
    store: &SqliteStore,
    work: impl AsyncFnOnce(&mut SqliteConnection),
) -> Result<(), sqlx::Error> {
    let mut connection = store.writer().acquire().await?;
    work(&mut connection).await;
    Ok(())
}

impl TestDatabase {
    /// Makes room for a database; nothing is in it yet.
    #[expect(clippy::unused_async, reason = "the same call as PostgreSQL's")]
    pub async fn create() -> Result<Self, TestDatabaseError> {
        Ok(Self { folder: tempfile::Builder::new().prefix("shop-test-").tempdir()? })
    }

    /// Makes another one with all that is in this one.
    pub async fn copy(&self) -> Result<Self, TestDatabaseError> {
        let copy = Self::create().await?;
        let mut connection = self.url().parse::<SqliteConnectOptions>()?.connect().await?;
        // Copying the file would miss what is only in the journal beside it.
        let file = copy.folder.path().join(FILE).display().to_string();
        sqlx::query("VACUUM INTO ?").bind(file).execute(&mut connection).await?;
        connection.close().await?;
        Ok(copy)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join(FILE).display())
    }

    /// The store on it, migrated.
    pub async fn store(&self) -> Result<SqliteStore, TestDatabaseError> {
        let store = SqliteStore::open(&self.url()).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// The store on it, with the migrations up to and with that one.
    pub async fn store_at(&self, version: i64) -> Result<SqliteStore, TestDatabaseError> {
        let store = SqliteStore::open(&self.url()).await?;
        store.apply(version).await?;
        Ok(store)
    }

    /// Makes it look as if the newest migration were not applied, and gives its number.
    pub async fn forget_newest_migration(&self) -> Result<i64, TestDatabaseError> {
        let mut connection = self.url().parse::<SqliteConnectOptions>()?.connect().await?;
        let newest = sqlx::query_scalar(FORGET_NEWEST).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(newest)
    }

    /// Removes it.
    #[expect(clippy::unused_async, reason = "the same call as PostgreSQL's")]
    pub async fn remove(self) -> Result<(), TestDatabaseError> {
        Ok(self.folder.close()?)
    }
}
