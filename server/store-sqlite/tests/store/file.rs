//! The database file.

use std::fs;

use store_sqlite::{Limits, OpenError};

use crate::{Store, TestDatabase};

#[tokio::test]
async fn the_file_and_its_folder_are_made_when_missing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a/b/shop.db");
    let store = Store::open(&format!("sqlite://{}", file.display())).await.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    assert!(file.is_file());
}

#[tokio::test]
async fn a_url_that_names_no_file_gets_a_sentence() {
    for url in ["", "shop.db", "mysql://localhost/shop", "sqlite://shop.db?mode=sideways"] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(matches!(refused, OpenError::Url(_)), "{url}: {refused}");
        assert!(refused.to_string().contains("sqlite://data/shop.db"), "{refused}");
    }
    for url in ["sqlite::memory:", "sqlite://shop.db?mode=memory", "sqlite:"] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(matches!(refused, OpenError::InMemory), "{url}: {refused}");
    }
}

#[tokio::test]
async fn a_place_where_nothing_can_be_written_gets_a_sentence() {
    let refused = Store::open("sqlite:///dev/null/shop/shop.db").await.unwrap_err();
    assert!(matches!(refused, OpenError::Folder { .. }), "{refused}");
    assert!(refused.to_string().contains("/dev/null/shop"), "{refused}");

    let folder = tempfile::tempdir().unwrap();
    let refused = Store::open(&format!("sqlite://{}", folder.path().display())).await.unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");

    let file = folder.path().join("letter.txt");
    fs::write(&file, "Dear Kim, this is no database. ".repeat(100)).unwrap();
    let refused = Store::open(&format!("sqlite://{}", file.display())).await.unwrap_err();
    assert!(matches!(refused, OpenError::File { .. }), "{refused}");
    assert!(refused.to_string().contains("letter.txt"), "{refused}");
}

#[tokio::test]
async fn what_is_committed_outlives_the_process() {
    use billing::{store::AccountStore as _, testing::harness::Harness};

    let database = TestDatabase::create().await.unwrap();
    let store = database.store().await.unwrap();
    let harness = Harness::open(std::sync::Arc::new(store.clone()), 1).await;
    // Not closed, as if the process had been killed.
    let reopened = Store::open(&database.url()).await.unwrap();
    let found = reopened.account(harness.principal.user_id).await.unwrap();
    assert_eq!(found.map(|account| account.principal), Some(harness.principal));
    reopened.close().await;
    store.close().await;
}

#[tokio::test]
async fn an_operators_command_makes_no_file_and_migrates_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mistyped.db");
    let url = format!("sqlite://{}", file.display());
    let refused = Store::open_existing(&url, Limits::default()).await.unwrap_err();
    assert!(matches!(refused, OpenError::Missing { .. }), "{refused}");
    assert!(refused.to_string().contains("mistyped.db; `server migrate` makes one"), "{refused}");
    assert!(!file.exists());
    Store::open(&url).await.unwrap().close().await;
    let store = Store::open_existing(&url, Limits::default()).await.unwrap();
    let refused = store.check_migrated().await.unwrap_err();
    assert!(refused.to_string().contains("run `server migrate`"), "{refused}");
    store.close().await;
}
