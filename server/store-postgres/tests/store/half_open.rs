//! Half-open connections.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use billing::{
    store::{LedgerStore as _, Store as _},
    testing::harness::Harness,
};
use futures::StreamExt as _;
use store_postgres::{Limits, testing};
use tokio::time::{sleep, timeout};

use crate::{Store, TestDatabase, proxy::Proxy, server::buy};

const CONNECTIONS: u32 = 4;
const RECOVERED_WITHIN: Duration = Duration::from_secs(15);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_fall_silent_are_replaced_and_none_is_lost() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let there = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(there.clone()), 1).await;
    let tenant = harness.principal.tenant_id;
    let proxy = Proxy::start(&database.url()).await;
    let limits = Limits { connections: CONNECTIONS, time: Duration::from_secs(3), ..Limits::default() };
    let here = Store::open_with(&*proxy.url(&database.url()), limits).await.unwrap();
    let mut heard = here.changes();

    // Under load, so that connections are in a query, in a transaction, or being returned; and some callers are
    // cancelled.
    let load: Vec<_> = (0..8)
        .map(|task| {
            let (here, limit) = (here.clone(), Duration::from_millis(if task % 2 == 0 { 500 } else { 60_000 }));
            tokio::spawn(async move {
                loop {
                    let _ = timeout(limit, here.balance(tenant)).await;
                    let _ = timeout(limit, here.ready()).await;
                    sleep(Duration::from_millis(1)).await;
                }
            })
        })
        .collect();
    sleep(Duration::from_millis(300)).await;
    proxy.fall_silent();
    sleep(Duration::from_secs(4)).await;
    proxy.let_new_ones_through();
    let began = Instant::now();
    while !matches!(timeout(Duration::from_secs(1), here.balance(tenant)).await, Ok(Ok(_))) {
        assert!(began.elapsed() < RECOVERED_WITHIN, "it does not work again");
        sleep(Duration::from_millis(10)).await;
    }
    load.iter().for_each(tokio::task::JoinHandle::abort);
    sleep(Duration::from_secs(3)).await;
    testing::hold_connections(&here, CONNECTIONS).await.expect("no connection is lost");

    let told = async {
        loop {
            buy(&harness).await;
            if let Ok(Some(told)) = timeout(Duration::from_millis(500), heard.next()).await {
                return told;
            }
        }
    };
    assert_eq!(timeout(RECOVERED_WITHIN, told).await.expect("it listens again"), tenant);

    proxy.fall_silent();
    let hung = tokio::spawn({
        let here = here.clone();
        async move { here.balance(tenant).await }
    });
    sleep(Duration::from_millis(200)).await;
    let began = Instant::now();
    here.close().await;
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    hung.abort();
    there.close().await;
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_says_nothing_is_given_up() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let proxy = Proxy::start(&database.url()).await;
    proxy.fall_silent();
    let began = Instant::now();
    let refused = Store::open(&proxy.url(&database.url())).await.unwrap_err();
    assert!(refused.is_passing() && began.elapsed() < Duration::from_secs(12), "{refused} {:?}", began.elapsed());
    database.remove().await.unwrap();
}
