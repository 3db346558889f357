//! Tidying, on which nothing depends.

use std::sync::Arc;

use jiff::SignedDuration;

use super::{Trial, hold, hold_of, refusal, spend};
use crate::{testing::AnyStore, wallet::HoldStatus};

pub async fn holds_that_are_over_are_stored_as_expired_once(store: Arc<dyn AnyStore>) {
    let mut trial = Trial::with(store, 10).await;
    let over = hold_of(&trial.ask("over", hold(2, 60)).await).id;
    let running = hold_of(&trial.ask("running", hold(3, 61)).await).id;
    assert!(trial.store.expire_holds(trial.now, 10).await.expect("the store answers").is_empty());
    trial.later(SignedDuration::from_secs(60));
    let expired = trial.store.expire_holds(trial.now, 10).await.expect("the store answers");
    assert_eq!(expired.iter().map(|hold| (hold.id, hold.status)).collect::<Vec<_>>(), [(over, HoldStatus::Expired)]);
    assert!(trial.store.expire_holds(trial.now, 10).await.expect("the store answers").is_empty());
    let status =
        async |id| trial.store.hold(trial.tenant, id).await.expect("the store answers").map(|hold| hold.status);
    assert_eq!((status(over).await, status(running).await), (Some(HoldStatus::Expired), Some(HoldStatus::Active)));
    assert_eq!(trial.funds().await, (10, 3, 7, 1));
}

pub async fn refusals_are_forgotten_after_a_time_and_effects_never(store: Arc<dyn AnyStore>) {
    let mut trial = Trial::with(store, 1).await;
    trial.ask("done", spend(1)).await;
    assert!(refusal(&trial.ask("refused", spend(1)).await).is_some());
    assert_eq!(trial.store.delete_refused_keys(trial.now).await.ok(), Some(0));
    trial.later(SignedDuration::from_micros(1));
    assert_eq!(trial.store.delete_refused_keys(trial.now).await.ok(), Some(1));
    assert!(trial.ask("done", spend(1)).await.replayed);
    assert!(!trial.ask("refused", spend(1)).await.replayed);
}
