//! Migrations, and databases that are refused.

use std::sync::Arc;

use billing::store::{Store as _, StoreError};
use futures::future::join_all;
use tokio::sync::Barrier;

use crate::{MigrateError, Store, TestDatabase, try_by_hand};

async fn database() -> TestDatabase {
    TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_migrate_once() {
    const PROCESSES: usize = 6;
    for _ in 0..5 {
        let database = database().await;
        let url = database.url();
        let gate = Arc::new(Barrier::new(PROCESSES));
        // Each opens the database itself, like a process, so that they share only the server or the file.
        let starts = (0..PROCESSES).map(|_| {
            let (url, gate) = (url.clone(), gate.clone());
            tokio::spawn(async move {
                let store = Store::open(&url).await.unwrap();
                gate.wait().await;
                store.migrate().await.unwrap();
                store.ready().await.unwrap();
                store.close().await;
            })
        });
        for start in join_all(starts).await {
            start.unwrap();
        }
        database.remove().await.unwrap();
    }
}

#[tokio::test]
async fn a_database_without_its_migrations_is_not_ready() {
    let database = database().await;
    let store = Store::open(&database.url()).await.unwrap();
    let told = store.ready().await;
    assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
    store.migrate().await.unwrap();
    store.ready().await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_database_from_a_newer_build_is_left_alone() {
    let database = database().await;
    let store = database.store().await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        SELECT 9999, 'newer', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1";
    try_by_hand(&database.url(), newer.to_owned()).await.unwrap();
    // Twice, because a refusal must leave no lock behind.
    for _ in 0..2 {
        let refused = store.migrate().await.unwrap_err();
        assert!(matches!(refused, MigrateError::Newer(9_999)), "{refused}");
        assert!(refused.to_string().contains("migration 9999"));
    }
    store.close().await;
    database.remove().await.unwrap();
}

#[tokio::test]
async fn an_edited_migration_is_refused_and_not_ready() {
    let database = database().await;
    let store = database.store().await.unwrap();
    let edited = format!("UPDATE _sqlx_migrations SET checksum = CAST('edited' AS {})", crate::BYTES);
    try_by_hand(&database.url(), edited).await.unwrap();
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(refused, MigrateError::Edited(1)), "{refused}");
    assert!(store.ready().await.is_err());
    store.close().await;
    database.remove().await.unwrap();
}
