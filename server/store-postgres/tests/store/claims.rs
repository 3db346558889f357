//! Claims of several processes at the same time.

use std::{sync::Arc, time::Duration};

use billing::{
    Order,
    ids::TenantId,
    store::{EventStore as _, MailStore as _, PageRequest, PurchaseStore as _},
    testing::harness::Harness,
};
use jiff::SignedDuration;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

use crate::{Store, TestDatabase, server::buy};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Another process that has locked a row.
async fn lock<'a>(connection: &'a mut PgConnection, row: &str) -> sqlx::Transaction<'a, sqlx::Postgres> {
    let mut transaction = connection.begin().await.unwrap();
    let locked = sqlx::raw_sql(AssertSqlSafe(format!("SELECT 1 FROM {row} FOR UPDATE")));
    assert_eq!(locked.fetch_all(&mut *transaction).await.unwrap().len(), 1, "{row}");
    transaction
}

/// Claims one row an hour from now, first while another process has locked the row that is due the longest, then after
/// it has let go.
async fn claim_twice<T>(database: &TestDatabase, longest_due: &str, claim: impl AsyncFn() -> Vec<T>) -> [Vec<T>; 2] {
    let options: PgConnectOptions = database.url().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    let other = lock(&mut connection, longest_due).await;
    let Ok(at_once) = timeout(Duration::from_secs(2), claim()).await else {
        panic!("the claim waits for the other process")
    };
    other.rollback().await.unwrap();
    let afterwards = claim().await;
    connection.close().await.unwrap();
    [at_once, afterwards]
}

async fn start() -> (TestDatabase, Store, Harness) {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    (database, store, harness)
}

async fn end(database: TestDatabase, store: Store) {
    store.close().await;
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_claim_of_events_does_not_wait_for_a_locked_one() {
    let (database, store, harness) = start().await;
    let (first, second) = (harness.event("evt_1"), harness.event("evt_2"));
    for event in [&first, &second] {
        store.record_event(event).await.unwrap();
    }
    let now = harness.now() + HOUR;
    let row = format!("payment_events WHERE id = '{}'", first.id);
    let claimed = claim_twice(&database, &row, async || {
        let claimed = store.claim_events(now, now + HOUR, 1).await.unwrap();
        claimed.into_iter().map(|event| event.id).collect()
    })
    .await;
    assert_eq!(claimed, [[second.id], [first.id]]);
    end(database, store).await;
}

#[tokio::test]
async fn a_claim_of_mails_does_not_wait_for_a_locked_one() {
    let (database, store, harness) = start().await;
    for _ in 0..2 {
        buy(&harness).await;
    }
    let [first, second] = oldest_two(&store, harness.principal.tenant_id).await;
    let now = harness.now() + HOUR;
    let row = format!("mails WHERE subject_id = '{first}'");
    let claimed = claim_twice(&database, &row, async || {
        let claimed = store.claim_mails(now, now + HOUR, 1).await.unwrap();
        claimed.into_iter().map(|mail| format!("{:?}", mail.topic)).collect()
    })
    .await;
    for (topics, purchase) in claimed.iter().zip([second, first]) {
        assert!(topics.len() == 1 && topics[0].contains(&purchase), "{topics:?} has {purchase}");
    }
    end(database, store).await;
}

#[tokio::test]
async fn a_claim_of_pending_purchases_does_not_wait_for_a_locked_one() {
    let (database, store, harness) = start().await;
    for _ in 0..2 {
        harness.billing.order(&harness.principal, Order::of("credits_1")).await.unwrap();
    }
    let [first, second] = oldest_two(&store, harness.principal.tenant_id).await;
    let now = harness.now() + HOUR;
    let row = format!("purchases WHERE id = '{first}'");
    let claimed = claim_twice(&database, &row, async || {
        let claimed = store.claim_pending(now, now + HOUR, 1).await.unwrap();
        claimed.into_iter().map(|(_, purchase)| purchase.to_string()).collect()
    })
    .await;
    assert_eq!(claimed, [[second], [first]]);
    end(database, store).await;
}

/// The ids of the tenant's two oldest purchases.
async fn oldest_two(store: &Store, tenant: TenantId) -> [String; 2] {
    let newest_first = store.purchases(tenant, PageRequest { limit: 2, older_than: None }).await.unwrap();
    [newest_first[1].id.to_string(), newest_first[0].id.to_string()]
}
