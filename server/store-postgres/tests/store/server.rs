//! Faults of the server, and other processes on it.

use std::{sync::Arc, time::Duration};

use billing::{
    Order,
    store::{LedgerStore as _, Store as _, StoreError},
    testing::harness::Harness,
};
use futures::StreamExt;
use sqlx::postgres::PgConnectOptions;
use store_postgres::{OpenError, testing::SERVER_VARIABLE};
use tokio::time::timeout;

use crate::{Store, TestDatabase, try_by_hand};

pub async fn buy(harness: &Harness) {
    let purchase = harness.billing.order(&harness.principal, Order::of("credits_1")).await.unwrap();
    harness.provider.pay(purchase.id);
    let session = purchase.checkout.unwrap().provider_ref;
    harness.billing.confirm_checkout(purchase.tenant_id, &session).await.unwrap();
}

#[tokio::test]
async fn a_change_in_another_process_is_heard_at_once_and_after_a_lost_connection() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let here = database.store().await.unwrap();
    let there = Store::open(&database.url()).await.unwrap();
    let harness = Harness::open(Arc::new(there.clone()), 1).await;
    let mut heard = here.changes();
    buy(&harness).await;
    let told = timeout(Duration::from_secs(1), heard.next()).await.expect("within a second");
    assert_eq!(told, Some(harness.principal.tenant_id));

    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()
        AND query ILIKE 'LISTEN%'";
    try_by_hand(&database.url(), cut.to_owned()).await.unwrap();
    let mut told_again = false;
    for _ in 0..20 {
        buy(&harness).await;
        told_again |= timeout(Duration::from_millis(500), heard.next()).await.is_ok();
        if told_again {
            break;
        }
    }
    assert!(told_again, "it listens again");
    here.close().await;
    there.close().await;
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_server_that_cannot_be_used_gets_a_sentence_without_the_password() {
    for url in ["", "localhost/shop", "mysql://localhost/shop", "postgres://localhost:port/shop"] {
        let refused = Store::open(url).await.unwrap_err();
        assert!(matches!(refused, OpenError::Url), "{url}: {refused}");
    }
    // Nothing listens on port 1.
    let refused = Store::open("postgres://kim:secret@127.0.0.1:1/shop").await.unwrap_err();
    assert!(matches!(refused, OpenError::Unreachable { port: 1, .. }), "{refused}");
    assert!(refused.to_string().contains("127.0.0.1:1"), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("secret"));

    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let url = database.url();
    database.remove().await.unwrap();
    let refused = Store::open(&url).await.unwrap_err();
    assert!(matches!(refused, OpenError::Refused { .. }), "{refused}");
    assert!(refused.to_string().contains("does not exist"), "{refused}");
}

#[tokio::test]
async fn a_server_that_turned_read_only_is_503_and_its_connections_do_not_stay_so() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    buy(&harness).await;
    // As after a failover: the connections are new, and to a standby.
    let name = database.url().parse::<PgConnectOptions>().unwrap().get_database().unwrap().to_owned();
    let server = std::env::var(SERVER_VARIABLE).unwrap();
    let turn = async |setting: &str| {
        let change = format!("ALTER DATABASE {name} SET default_transaction_read_only = {setting}");
        try_by_hand(&server, change).await.unwrap();
    };
    turn("on").await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    try_by_hand(&database.url(), cut.to_owned()).await.unwrap();
    for _ in 0..20 {
        let told = harness.billing.order(&harness.principal, Order::of("credits_1")).await.unwrap_err();
        assert!(format!("{told:?}").contains("Unavailable"), "{told:?}");
        let told = store.ready().await.unwrap_err();
        assert!(matches!(told, StoreError::Unavailable(_)), "{told:?}");
        store.balance(harness.principal.tenant_id).await.expect("reading goes on");
    }
    turn("off").await;
    // The first order may still get an old connection; its error closes all of them.
    let _ = harness.billing.order(&harness.principal, Order::of("credits_1")).await;
    buy(&harness).await;
    store.ready().await.unwrap();
    store.close().await;
    database.remove().await.unwrap();
}
