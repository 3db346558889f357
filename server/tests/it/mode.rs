//! Mock mode refuses a database with real sales.

use std::{path::Path, sync::Arc};

use billing::{
    purchase::Purchase,
    store::{Change, Committed},
    testing::{AnyStore, fixtures::checkout, harness::Harness},
};
use store_postgres::PostgresStore;
use store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::process::{TIMEOUT, refused, server, started, terminate};

/// The schema of an older release.
const OLDER: i64 = 11;

/// The output of a successful command.
async fn answer(folder: &Path, command: &str, variables: &[(&str, &str)]) -> String {
    let run = server(folder, variables).arg(command).output();
    let output = timeout(TIMEOUT, run).await.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Orders something, as in a shop with a Stripe key.
async fn sell_by_stripe(store: impl AnyStore + 'static) {
    let store = Arc::new(store);
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    store.insert_purchase(&purchase, None).await.unwrap();
    let opened = Purchase { checkout: Some(checkout(&purchase)), ..purchase };
    let change = Change { purchase: opened, entries: Vec::new(), event: None, outbox: Vec::new() };
    assert_eq!(store.commit(&change).await.unwrap(), Committed::Yes);
    store.close().await;
}

#[tokio::test]
async fn a_forgotten_key_gives_no_credits_away_beside_real_sales() {
    let folder = TempDir::new().unwrap();
    let with_key = [("STRIPE_SECRET_KEY", "sk_test_hidden"), ("STRIPE_API_BASE", "http://127.0.0.1:1")];
    let checked = timeout(TIMEOUT, server(folder.path(), &[]).arg("check-config").output()).await.unwrap().unwrap();
    let said = String::from_utf8(checked.stdout).unwrap();
    assert_eq!(said.trim(), "The settings are right: mock mode: nobody pays, credits cost nothing.");
    let checked = server(folder.path(), &with_key).arg("check-config").output();
    let said = String::from_utf8(timeout(TIMEOUT, checked).await.unwrap().unwrap().stdout).unwrap();
    assert!(said.contains("with a test key"), "{said}");

    // Mock mode starts on its own database, also a second time.
    for _ in 0..2 {
        let (mut child, ..) = started(folder.path(), &[]).await;
        assert_eq!(terminate(&mut child).await, Some(0));
    }
    let file = format!("sqlite://{}", folder.path().join("data/shop.db").display());
    sell_by_stripe(SqliteStore::open(&file).await.unwrap()).await;
    for command in ["serve", "reconcile", "check-config"] {
        let said = refused(folder.path(), command, &[]).await;
        let last = said.lines().last().unwrap();
        assert!(last.starts_with("STRIPE_SECRET_KEY is missing") && last.contains("holds sales by Stripe"), "{said}");
    }
}

/// Sales in an older schema count too, and the refusal does not migrate it.
macro_rules! refused_on_an_older_schema {
    ($name:ident, $module:ident, $store:ident) => {
        #[tokio::test]
        async fn $name() {
            let database = $module::testing::TestDatabase::create().await.unwrap();
            let url = database.url();
            let (folder, variables) = (TempDir::new().unwrap(), [("DATABASE_URL", &*url)]);
            database.store_at(OLDER).await.unwrap().close().await;
            let said = answer(folder.path(), "check-config", &variables).await;
            assert!(said.starts_with("The settings are right: mock mode"), "{said}");
            let store = database.store_at(OLDER).await.unwrap();
            let told = store.check_migrated().await.unwrap_err();
            assert!(matches!(told, $module::MigrateError::Behind(version) if version == OLDER + 1), "{told}");
            store.close().await;
            // Migrating does not check the mode.
            assert_eq!(answer(folder.path(), "migrate", &variables).await, "The database is up to date.\n");
            sell_by_stripe($store::open(&url).await.unwrap()).await;
            let newest = database.forget_newest_migration().await.unwrap();
            for command in ["serve", "check-config"] {
                let said = refused(folder.path(), command, &variables).await;
                assert!(said.lines().last().unwrap().starts_with("STRIPE_SECRET_KEY is missing"), "{said}");
            }
            let with_key = [variables[0], ("STRIPE_SECRET_KEY", "sk_test_1")];
            let said = answer(folder.path(), "check-config", &with_key).await;
            assert!(said.contains("with a test key"), "{said}");

            let store = $store::open(&url).await.unwrap();
            let told = store.check_migrated().await.unwrap_err();
            assert!(matches!(told, $module::MigrateError::Behind(version) if version == newest), "{told}");
            store.close().await;
            database.remove().await.unwrap();
        }
    };
}

refused_on_an_older_schema!(mock_mode_is_refused_before_sqlite_is_changed, store_sqlite, SqliteStore);
refused_on_an_older_schema!(mock_mode_is_refused_before_postgres_is_changed, store_postgres, PostgresStore);
