//! Whether the database is ready, asked only now and then: asking is a write, and anybody may ask for `/readyz`.

use std::time::Duration;

use billing::store::Store;
use tokio::{sync::Mutex, time::Instant};

/// What the database last answered.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

/// How long it is taken to be ready still.
const READY_FOR: Duration = Duration::from_secs(1);
/// How long it is taken to be not ready still: shorter, so that it comes back soon.
const NOT_READY_FOR: Duration = Duration::from_millis(250);

impl Readiness {
    /// Asks the database, or gives its last answer when that is new.
    pub async fn of(&self, store: &dyn Store) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < if ready { READY_FOR } else { NOT_READY_FOR }
        {
            return ready;
        }
        let asked = store.ready().await;
        if let Err(error) = &asked {
            tracing::warn!(%error, "not ready");
        }
        *last = Some((Instant::now(), asked.is_ok()));
        asked.is_ok()
    }
}
