//! Caches whether the database is ready: the check is a write, and anybody may request `/readyz`.

use std::time::Duration;

use billing::store::Store;
use tokio::{sync::Mutex, time::Instant};

/// The last answer, and its time.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

/// How long the answer "ready" is used.
const READY_FOR: Duration = Duration::from_secs(1);
/// How long the answer "not ready" is used; shorter, so that the process is ready again soon.
const NOT_READY_FOR: Duration = Duration::from_millis(250);

impl Readiness {
    /// Asks the database, or returns its last answer if that is recent.
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
