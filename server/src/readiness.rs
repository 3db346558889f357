//! Whether the database can be worked with.

use std::time::Duration;

use billing::store::Store;
use tokio::{sync::Mutex, time::Instant};

/// What the database last said of itself. Asking it is a write, and anybody may ask here.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

/// How long an answer is good for.
const GOOD_FOR: Duration = Duration::from_secs(1);

impl Readiness {
    /// Asks the database, or, when somebody has just done so, gives the answer of then.
    pub async fn of(&self, store: &dyn Store) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < GOOD_FOR
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
