//! A database for one test, on the server that the test command starts.

mod schema;

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use crate::{MigrateError, OpenError, PostgresStore, migrating};

/// The variable with the server's URL, to its maintenance database.
pub const SERVER_VARIABLE: &str = "TEST_POSTGRES_URL";

const FORGET_NEWEST: &str = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)
    RETURNING version";

/// A new, empty database. Call [`remove`](Self::remove) at the end.
#[derive(Debug)]
pub struct TestDatabase {
    server: PgConnectOptions,
    name: String,
}

/// Why there is no test database.
#[derive(Debug, thiserror::Error)]
pub enum TestDatabaseError {
    /// The variable is not set.
    #[error("{SERVER_VARIABLE} names no PostgreSQL server to test with: run scripts/test, which starts one")]
    NoServer,
    /// A statement failed.
    #[error("the PostgreSQL server that {SERVER_VARIABLE} names: {0}")]
    Server(#[from] sqlx::Error),
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

/// Takes `count` connections out of the pool at once, and returns them.
pub async fn hold_connections(store: &PostgresStore, count: u32) -> Result<(), sqlx::Error> {
    let mut held = Vec::new();
    for _ in 0..count {
        held.push(store.pool.acquire().await?);
    }
    drop(held);
    Ok(())
}

impl TestDatabase {
    /// Makes an empty database.
    pub async fn create() -> Result<Self, TestDatabaseError> {
        let url = env::var(SERVER_VARIABLE).map_err(|_| TestDatabaseError::NoServer)?;
        Self::from_template(url.parse()?, "template0").await
    }

    /// Copies this database, to which nobody may be connected.
    pub async fn copy(&self) -> Result<Self, TestDatabaseError> {
        Self::from_template(self.server.clone(), &self.name).await
    }

    async fn from_template(server: PgConnectOptions, template: &str) -> Result<Self, TestDatabaseError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("shop_test_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut connection = server.connect().await?;
        // A killed run with the same process id may have left one.
        run(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        connection.close().await?;
        Ok(Self { server, name })
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.server.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// The store on it, migrated.
    pub async fn store(&self) -> Result<PostgresStore, TestDatabaseError> {
        let store = PostgresStore::open(&self.url()).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// The store on it, with the migrations up to and including `version`.
    pub async fn store_at(&self, version: i64) -> Result<PostgresStore, TestDatabaseError> {
        let store = PostgresStore::open(&self.url()).await?;
        migrating::apply(&store.direct, version).await?;
        Ok(store)
    }

    /// Removes the newest migration from the list of applied ones, and returns its version.
    pub async fn forget_newest_migration(&self) -> Result<i64, TestDatabaseError> {
        let mut connection = self.server.clone().database(&self.name).connect().await?;
        let newest = sqlx::query_scalar(FORGET_NEWEST).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(newest)
    }

    /// Drops it, and closes connections to it.
    pub async fn remove(self) -> Result<(), TestDatabaseError> {
        let mut connection = self.server.connect().await?;
        run(&mut connection, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await?;
        connection.close().await?;
        Ok(())
    }
}

/// The names in the statement are generated here, from letters and digits only.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
