//! A database for one test.

mod schema;

use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::{MigrateError, OpenError, SqliteStore};

const FILE: &str = "shop.db";
const FORGET_NEWEST: &str = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)
    RETURNING version";

/// A SQLite file in a folder of its own, removed on drop.
#[derive(Debug)]
pub struct TestDatabase {
    folder: TempDir,
}

/// Why there is no test database.
#[derive(Debug, thiserror::Error)]
pub enum TestDatabaseError {
    /// The folder cannot be created.
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

/// Gives a test the writing connection, to simulate a broken disk.
pub async fn with_writer(
    store: &SqliteStore,
    work: impl AsyncFnOnce(&mut SqliteConnection),
) -> Result<(), sqlx::Error> {
    let mut connection = store.writer().acquire().await?;
    work(&mut connection).await;
    Ok(())
}

impl TestDatabase {
    /// Creates the folder; the file does not exist yet.
    #[expect(clippy::unused_async, reason = "the same call as PostgreSQL's")]
    pub async fn create() -> Result<Self, TestDatabaseError> {
        Ok(Self { folder: tempfile::Builder::new().prefix("shop-test-").tempdir()? })
    }

    /// Copies this database.
    pub async fn copy(&self) -> Result<Self, TestDatabaseError> {
        let copy = Self::create().await?;
        let mut connection = self.url().parse::<SqliteConnectOptions>()?.connect().await?;
        // A copy of the file alone would lack the contents of the journal.
        let file = copy.folder.path().join(FILE).display().to_string();
        sqlx::query("VACUUM INTO ?").bind(file).execute(&mut connection).await?;
        connection.close().await?;
        Ok(copy)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join(FILE).display())
    }

    /// The store on it, migrated.
    pub async fn store(&self) -> Result<SqliteStore, TestDatabaseError> {
        let store = SqliteStore::open(&self.url()).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// The store on it, with the migrations up to and including `version`.
    pub async fn store_at(&self, version: i64) -> Result<SqliteStore, TestDatabaseError> {
        let store = SqliteStore::open(&self.url()).await?;
        store.apply(version).await?;
        Ok(store)
    }

    /// Removes the newest migration from the list of applied ones, and returns its version.
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
