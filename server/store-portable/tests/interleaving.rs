//! Random interleavings, played upon one database.

use std::sync::Arc;

use billing::testing::interleaving;
use proptest::test_runner::{Config, TestRunner};
use tokio::{runtime::Runtime, time::timeout};

use super::LIMIT;
use crate::TestDatabase;

#[test]
fn no_interleaving_credits_anything_but_what_was_paid() {
    let runtime = Runtime::new().unwrap();
    let database = runtime.block_on(TestDatabase::create()).unwrap_or_else(|error| panic!("{error}"));
    let store = runtime.block_on(database.store()).unwrap();
    let mut runner = TestRunner::new(Config { cases: 40, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&interleaving::plans(), |plan| {
        runtime.block_on(async {
            timeout(LIMIT, interleaving::play(Arc::new(store.clone()), &plan)).await.unwrap();
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
