//! While a server does not answer, requests fail at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use billing::{
    ids::TenantId,
    store::{LedgerStore as _, Store as _},
    testing::harness::Harness,
};
use futures::future::join_all;
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use store_postgres::Limits;
use tokio::time::sleep;

use crate::{Store, TestDatabase, proxy::Proxy};

/// One second until the first probe and two for its answer, with some slack.
const NOTICED_WITHIN: Duration = Duration::from_secs(4);
const AT_ONCE: Duration = Duration::from_millis(50);
const BACK_WITHIN: Duration = Duration::from_secs(1);
const REFUSAL: &str = "the circuit is open";

/// A store behind a proxy, with a tenant in it.
async fn behind_proxy(database: &TestDatabase) -> (Store, TenantId, Proxy) {
    let there = database.store().await.unwrap();
    let tenant = Harness::open(Arc::new(there.clone()), 1).await.principal.tenant_id;
    there.close().await;
    let proxy = Proxy::start(&database.url()).await;
    let limits = Limits { connections: 4, ..Limits::default() };
    (Store::open_with(&*proxy.url(&database.url()), limits).await.unwrap(), tenant, proxy)
}

/// Asserts that the first `waiting` requests wait until the outage is noticed, and that the next `refused` fail at
/// once.
async fn assert_refused(store: &Store, tenant: TenantId, waiting: u32, refused: u32) {
    let began = Instant::now();
    let first = join_all((0..waiting).map(|_| store.balance(tenant))).await;
    assert!(first.iter().all(Result::is_err) && began.elapsed() < NOTICED_WITHIN, "{:?}", began.elapsed());
    for _ in 0..refused {
        let began = Instant::now();
        let error = store.balance(tenant).await.unwrap_err().to_string();
        assert!(error.contains(REFUSAL) && began.elapsed() < AT_ONCE, "{error} {:?}", began.elapsed());
        assert!(store.ready().await.is_err() && began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
        sleep(Duration::from_millis(40)).await;
    }
}

async fn assert_back(store: &Store, tenant: TenantId) {
    let began = Instant::now();
    while store.balance(tenant).await.is_err() {
        sleep(Duration::from_millis(10)).await;
    }
    // Opens all connections.
    for answer in join_all((0..8).map(|_| store.ready())).await {
        answer.unwrap();
    }
    assert!(began.elapsed() < BACK_WITHIN, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_waited_for_by_the_first_alone_and_used_within_a_second_after() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let (store, tenant, proxy) = behind_proxy(&database).await;
    // First with more requests than connections, so that some wait for an answer and others for a connection. Then with
    // fewer, so that some connections are idle, and dead when the server is back.
    for (waiting, refused) in [(8, 75), (2, 50)] {
        proxy.fall_silent();
        assert_refused(&store, tenant, waiting, refused).await;
        proxy.let_new_ones_through();
        assert_back(&store, tenant).await;
    }
    store.close().await;
    database.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_gone_is_waited_for_by_the_first_alone_and_used_within_a_second_after() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let (store, tenant, mut proxy) = behind_proxy(&database).await;
    proxy.go_away().await;
    assert_refused(&store, tenant, 8, 50).await;
    proxy.come_back().await;
    assert_back(&store, tenant).await;
    store.close().await;
    database.remove().await.unwrap();
}

/// Locks and a full pool cause long waits, but are no outage: the requests get their answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server_and_a_full_pool_refuse_nobody() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let (store, tenant, _proxy) = behind_proxy(&database).await;
    let mut other = database.url().parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { join_all((0..16).map(|_| store.balance(tenant))).await }
    });
    sleep(Duration::from_millis(4_500)).await;
    transaction.rollback().await.unwrap();
    for answer in waiting.await.unwrap() {
        answer.unwrap();
    }
    other.close().await.unwrap();
    store.close().await;
    database.remove().await.unwrap();
}
