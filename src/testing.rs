//! What the tests of every crate share: an in-memory store, a scripted provider, the conformance suite of the stores,
//! and random interleavings and simulations.

#![expect(clippy::expect_used, reason = "a test that cannot go on stops here, and says what it lacked")]
#![expect(clippy::missing_panics_doc, reason = "to panic is how a test fails")]

mod concurrency;
pub mod conformance;
pub mod fixtures;
pub mod harness;
pub mod interleaving;
pub mod memory;
pub mod provider;
pub mod simulation;

use std::{
    future::poll_fn,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use crate::store::{AccountStore, ApiKeyStore, Store, TenantStore, WalletStore, WebhookStore};

/// Every port to the database: what a store crate implements.
pub trait AnyStore: Store + AccountStore + WalletStore + TenantStore + ApiKeyStore + WebhookStore {}

impl<S: Store + AccountStore + WalletStore + TenantStore + ApiKeyStore + WebhookStore> AnyStore for S {}

/// Yields once, in place of waiting for a database or a provider.
async fn yield_now() {
    let mut waited = false;
    poll_fn(|context| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Ignores poisoning: a panic in another test must not fail this one.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::test_runner::{Config, TestRunner};

    use super::{AnyStore, interleaving, memory::MemoryStore, simulation};

    async fn on_memory<F>(case: impl FnOnce(Arc<dyn AnyStore>) -> F)
    where
        F: Future<Output = ()>,
    {
        case(Arc::new(MemoryStore::default())).await;
    }

    crate::conformance_tests!(on_memory);

    #[test]
    fn whatever_happens_each_balance_is_what_was_paid_and_kept() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut runner = TestRunner::new(Config { cases: 1_500, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&simulation::scenarios(), |scenario| {
            runtime.block_on(simulation::run(Arc::new(MemoryStore::default()), &scenario));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    }

    #[test]
    fn no_interleaving_credits_anything_but_what_was_paid() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut runner = TestRunner::new(Config { cases: 1_000, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&interleaving::scenarios(), |scenario| {
            runtime.block_on(interleaving::run(Arc::new(MemoryStore::default()), &scenario));
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{failure}");
        }
    }
}
