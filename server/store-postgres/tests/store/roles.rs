//! A role that serves but may not change the schema.

use std::sync::Arc;

use billing::{
    store::{LedgerStore as _, Store as _},
    testing::harness::Harness,
};
use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};
use store_postgres::MigrateError;

use crate::{Store, TestDatabase, server::buy, try_by_hand};

/// Creates a role with these permissions on a database.
async fn role(database: &TestDatabase, rights: &str) -> (String, String) {
    let options: PgConnectOptions = database.url().parse().unwrap();
    let name = format!("{}_role", options.get_database().unwrap());
    let statement = format!(
        "DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC; \
         GRANT {rights} ON ALL TABLES IN SCHEMA public TO {name}"
    );
    try_by_hand(&database.url(), statement).await.unwrap();
    (options.username(&name).to_url_lossy().to_string(), name)
}

async fn remove(database: TestDatabase, role: &str) {
    try_by_hand(&database.url(), format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_role_without_ddl_serves_what_another_has_migrated() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    database.store().await.unwrap().close().await;
    let (url, name) = role(&database, "SELECT, INSERT, UPDATE, DELETE").await;
    let refused = try_by_hand(&url, "CREATE TABLE mine ()".to_owned()).await.unwrap_err();
    assert!(refused.to_string().contains("permission denied"), "{refused}");

    let store = Store::open(&url).await.unwrap();
    store.migrate().await.unwrap();
    store.ready().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    buy(&harness).await;
    assert_eq!(store.balance(harness.principal.tenant_id).await.unwrap().seq, 1);
    store.close().await;
    remove(database, &name).await;
}

#[tokio::test]
async fn a_role_without_ddl_is_told_who_must_migrate() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let (url, name) = role(&database, "SELECT").await;
    let store = Store::open(&url).await.unwrap();
    let refused = store.check_migrated().await.unwrap_err();
    assert!(matches!(refused, MigrateError::Behind(1)), "{refused}");
    let refused = store.migrate().await.unwrap_err();
    assert!(matches!(refused, MigrateError::NotAllowed { version: 1, .. }), "{refused}");
    assert!(
        refused.to_string().contains("run `server migrate` with a DATABASE_URL of the role that owns"),
        "{refused}"
    );
    store.close().await;
    remove(database, &name).await;
}
