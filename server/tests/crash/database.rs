//! The databases: a migrated one of each kind, of which each trial gets a copy.

use std::sync::Arc;

use billing::testing::AnyStore;
use server::database::Stores;
use store_postgres::{PostgresStore, testing::TestDatabase as PostgresDatabase};
use store_sqlite::{SqliteStore, testing::TestDatabase as SqliteDatabase};

/// Either database, opened and migrated.
#[derive(Clone)]
pub enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

impl Database {
    pub async fn open(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqliteStore::open(url).await.unwrap())
        } else {
            Self::Postgres(PostgresStore::open(url).await.unwrap())
        }
    }

    pub fn store(&self) -> Arc<dyn AnyStore> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// The ports that the process's parts get.
    pub fn stores(&self) -> Stores {
        match self {
            Self::Sqlite(store) => stores(Arc::new(store.clone())),
            Self::Postgres(store) => stores(Arc::new(store.clone())),
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}

fn stores(store: Arc<impl AnyStore + 'static>) -> Stores {
    Stores { store: store.clone(), accounts: store.clone(), platform: store.clone(), webhooks: store }
}

/// The kind of database.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    pub const BOTH: [Self; 2] = [Self::Sqlite, Self::Postgres];

    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// The database of one trial.
pub enum TestDatabase {
    Sqlite(SqliteDatabase),
    Postgres(Box<PostgresDatabase>),
}

impl TestDatabase {
    /// A migrated, empty database.
    pub async fn migrated(kind: Kind) -> Self {
        match kind {
            Kind::Sqlite => {
                let database = SqliteDatabase::create().await.unwrap();
                database.store().await.unwrap().close().await;
                Self::Sqlite(database)
            }
            Kind::Postgres => {
                let database = PostgresDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
                database.store().await.unwrap().close().await;
                Self::Postgres(Box::new(database))
            }
        }
    }

    pub async fn copy(&self) -> Self {
        match self {
            Self::Sqlite(database) => Self::Sqlite(database.copy().await.unwrap()),
            Self::Postgres(database) => Self::Postgres(Box::new(database.copy().await.unwrap())),
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(database) => database.url(),
            Self::Postgres(database) => database.url(),
        }
    }

    pub async fn remove(self) {
        match self {
            Self::Sqlite(database) => database.remove().await.unwrap(),
            Self::Postgres(database) => database.remove().await.unwrap(),
        }
    }
}
