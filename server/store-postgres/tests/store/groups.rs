//! Changes that arrive together share a transaction, unless that is switched off.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use billing::{
    event::{ClosedEvent, EventOutcome, EventStatus},
    mail::{NewMail, Topic},
    purchase::Purchase,
    store::{Change, Committed, Store as _, StoreError},
    testing::harness::Harness,
};
use futures::future::join_all;
use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use store_postgres::Limits;

use crate::{Store, TestDatabase};

const CHANGES: usize = 40;

/// The changes that settle new purchases, each of a tenant of its own.
pub async fn settlements(harness: &Harness, count: usize) -> Vec<Change> {
    let mut changes = Vec::new();
    for _ in 0..count {
        let purchase = harness.purchase_of(&harness.another_principal().await, None);
        harness.store.insert_purchase(&purchase, None).await.unwrap();
        let state = purchase.state.pay(harness.now()).unwrap();
        let entries = vec![harness.entry(&purchase)];
        let event = harness.event(&format!("evt_{}", purchase.id));
        let (status, at) = (EventStatus::Applied, event.received_at);
        let outcome = EventOutcome { id: event.id, status, note: String::new(), at, purchase: None };
        let event = Some(ClosedEvent { outcome, arriving: Some(event) });
        let mail = NewMail::due_at_once(Topic::Confirmation(purchase.tenant_id, purchase.id), harness.now());
        changes.push(Change { purchase: Purchase { state, ..purchase }, entries, event, outbox: vec![mail] });
    }
    changes
}

/// Settles purchases at the same instant. Returns in how many transactions they are written.
async fn transactions(coalescing: bool) -> usize {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    database.store().await.unwrap().close().await;
    let store = Store::open_with(&*database.url(), Limits { coalescing, ..Limits::default() }).await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let changes = settlements(&harness, CHANGES).await;
    for outcome in join_all(changes.iter().map(|change| store.commit(change))).await {
        assert_eq!(outcome.unwrap(), Committed::Yes);
    }
    let options: PgConnectOptions = database.url().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    let writers: Vec<String> =
        sqlx::query_scalar("SELECT CAST(xmin AS TEXT) FROM ledger_entries").fetch_all(&mut connection).await.unwrap();
    assert_eq!(writers.len(), CHANGES);
    connection.close().await.unwrap();
    store.close().await;
    database.remove().await.unwrap();
    writers.into_iter().collect::<BTreeSet<_>>().len()
}

#[tokio::test]
async fn changes_that_arrive_together_share_a_transaction() {
    let shared = transactions(true).await;
    assert!(shared <= 2, "{CHANGES} changes took {shared} transactions");
}

#[tokio::test]
async fn each_change_has_a_transaction_of_its_own_where_coalescing_is_off() {
    assert_eq!(transactions(false).await, CHANGES);
}

#[tokio::test]
async fn a_locked_purchase_holds_up_its_own_change_alone() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    database.store().await.unwrap().close().await;
    let limits = Limits { time: Duration::from_secs(1), ..Limits::default() };
    let store = Store::open_with(&*database.url(), limits).await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let changes = settlements(&harness, 5).await;
    let options: PgConnectOptions = database.url().parse().unwrap();
    let mut connection = options.connect().await.unwrap();
    let mut other = connection.begin().await.unwrap();
    let lock = "SELECT 1 FROM purchases WHERE id = $1 FOR UPDATE";
    sqlx::query(lock).bind(changes[2].purchase.id.to_string()).execute(&mut *other).await.unwrap();
    let outcomes = join_all(changes.iter().map(|change| store.commit(change))).await;
    other.rollback().await.unwrap();
    for (at, outcome) in outcomes.into_iter().enumerate() {
        match outcome {
            Ok(committed) => assert_eq!((committed, at == 2), (Committed::Yes, false)),
            Err(StoreError::Unavailable(_)) => assert_eq!(at, 2),
            Err(error) => panic!("{error}"),
        }
    }
    connection.close().await.unwrap();
    store.close().await;
    database.remove().await.unwrap();
}
