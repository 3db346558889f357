//! A database for one test, on the server that the test command starts.

mod schema;

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
};

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};

use crate::{MigrateError, OpenError, PostgresStore, migrating};

/// Names the server: a URL to its maintenance database.
pub const SERVER_VARIABLE: &str = "TEST_POSTGRES_URL";

const FORGET_NEWEST: &str = "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)
    RETURNING version";

/// A fresh, empty database of its own; call [`remove`](Self::remove) at the end.
#[derive(Debug)]
pub struct TestDatabase {
    server: PgConnectOptions,
    name: String,
}

/// Why there is no database to test with.
#[derive(Debug, thiserror::Error)]
pub enum TestDatabaseError {
    /// No server is named.
    #[error("{SERVER_VARIABLE} names no PostgreSQL server to test with: run scripts/test, which starts one")]
    NoServer,
    /// The server doesn't do as asked.
    #[error("the PostgreSQL server that {SERVER_VARIABLE} names: {0}")]
    Server(#[from] sqlx::Error),
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// It cannot be migrated.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
}

/// Takes that many connections out of the pool at once, as many as it may have, and gives them back.
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

    /// Makes another one with all that is in this one, to which nobody may be connected.
    pub async fn copy(&self) -> Result<Self, TestDatabaseError> {
        Self::from_template(self.server.clone(), &self.name).await
    }

    async fn from_template(server: PgConnectOptions, template: &str) -> Result<Self, TestDatabaseError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("shop_test_{}_{}", process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let mut connection = server.connect().await?;
        // A run that was killed, by a process of the same number, may have left one.
        run(&mut connection, format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
        run(&mut connection, format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        connection.close().await?;
        Ok(Self { server, name })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.server.clone().database(&self.name).to_url_lossy().to_string()
    }

    /// The store on it, migrated.
    pub async fn store(&self) -> Result<PostgresStore, TestDatabaseError> {
        let store = PostgresStore::open(&self.url()).await?;
        store.migrate().await?;
        Ok(store)
    }

    /// The store on it, with the migrations up to and with that one.
    pub async fn store_at(&self, version: i64) -> Result<PostgresStore, TestDatabaseError> {
        let store = PostgresStore::open(&self.url()).await?;
        migrating::apply(&store.direct, version).await?;
        Ok(store)
    }

    /// Makes it look as if the newest migration were not applied, and gives its number.
    pub async fn forget_newest_migration(&self) -> Result<i64, TestDatabaseError> {
        let mut connection = self.server.clone().database(&self.name).connect().await?;
        let newest = sqlx::query_scalar(FORGET_NEWEST).fetch_one(&mut connection).await?;
        connection.close().await?;
        Ok(newest)
    }

    /// Removes it, whoever is still connected.
    pub async fn remove(self) -> Result<(), TestDatabaseError> {
        let mut connection = self.server.connect().await?;
        run(&mut connection, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await?;
        connection.close().await?;
        Ok(())
    }
}

/// The names in the statement are made here, and of letters and digits alone.
async fn run(connection: &mut PgConnection, statement: String) -> Result<(), sqlx::Error> {
    connection.execute(AssertSqlSafe(statement)).await?;
    Ok(())
}
