//! Random interleavings and simulations on one database.

use std::sync::Arc;

use billing::testing::{AnyStore, interleaving, simulation};
use proptest::{
    strategy::Strategy,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Runtime, time::timeout};

use super::LIMIT;
use crate::TestDatabase;

/// Tries many values of a strategy on one database.
fn try_many<S: Strategy>(values: &S, play: impl AsyncFn(Arc<dyn AnyStore>, S::Value)) {
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::create()).unwrap_or_else(|error| panic!("{error}"));
    let store = runtime.block_on(database.store()).unwrap();
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(values, |value| {
        runtime.block_on(async {
            timeout(LIMIT, play(Arc::new(store.clone()), value)).await.unwrap();
        });
        Ok(())
    });
    runtime.block_on(async {
        store.close().await;
        database.remove().await.unwrap();
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn no_interleaving_credits_anything_but_what_was_paid() {
    try_many(&interleaving::scenarios(), async |store, scenario| interleaving::run(store, &scenario).await);
}

#[test]
fn whatever_happens_each_balance_is_what_was_paid_and_kept() {
    try_many(&simulation::scenarios(), async |store, scenario| simulation::run(store, &scenario).await);
}
