//! The tests of both stores, each on a database of its own. Included by `#[path]`, like the source.

mod by_hand;
mod concurrency;
mod conformance;
mod interleaving;
mod migrations;
mod restore;
mod wallet_by_hand;
mod wallet_races;
mod webhooks_by_hand;

use std::{sync::Arc, time::Duration};

use billing::testing::AnyStore;
use tokio::time::timeout;

use crate::{Store, TestDatabase};

/// A test that takes this long hangs; none takes half of it.
const LIMIT: Duration = Duration::from_mins(1);

/// Gives a test an empty, migrated store.
async fn on_store<F: Future<Output = ()>>(test: impl FnOnce(Arc<dyn AnyStore>) -> F) {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store: Store = database.store().await.unwrap();
    timeout(LIMIT, test(Arc::new(store.clone()))).await.unwrap();
    store.close().await;
    database.remove().await.unwrap();
}
