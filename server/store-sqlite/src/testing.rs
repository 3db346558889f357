//! A database for one test.

use tempfile::TempDir;

use crate::{MigrateError, OpenError, SqliteStore};

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
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

impl TestDatabase {
    /// Makes room for a database; nothing is in it yet.
    #[expect(clippy::unused_async, reason = "the same call as PostgreSQL's")]
    pub async fn create() -> Result<Self, TestDatabaseError> {
        Ok(Self { folder: tempfile::Builder::new().prefix("shop-test-").tempdir()? })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("sqlite://{}", self.folder.path().join("shop.db").display())
    }

    /// The store on it, migrated.
    pub async fn store(&self) -> Result<SqliteStore, TestDatabaseError> {
        let store = SqliteStore::open(&self.url()).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// Removes it.
    #[expect(clippy::unused_async, reason = "the same call as PostgreSQL's")]
    pub async fn remove(self) -> Result<(), TestDatabaseError> {
        Ok(self.folder.close()?)
    }
}
