//! The one connection that hears of changed purchases.

use std::time::Duration;

use billing::ids::TenantId;
use sqlx::postgres::PgListener;
use tokio::{sync::broadcast, task::AbortHandle, time::sleep};

use crate::dialect::Pool;

const CHANNEL: &str = "tenant_changed";
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Passes on what the database tells, until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    task: AbortHandle,
}

impl Listener {
    /// Listens from the moment that this returns.
    pub(crate) async fn start(pool: &Pool, changes: broadcast::Sender<TenantId>) -> Result<Self, sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.ignore_pool_close_event(true);
        listener.listen(CHANNEL).await?;
        let task = tokio::spawn(pass_on(listener, changes)).abort_handle();
        Ok(Self { task })
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn pass_on(mut listener: PgListener, changes: broadcast::Sender<TenantId>) {
    loop {
        match listener.recv().await {
            Ok(notification) => {
                if let Ok(tenant) = notification.payload().parse() {
                    // An error means that nobody listens.
                    let _ = changes.send(tenant);
                }
            }
            // It reconnects at the next attempt.
            Err(error) => {
                tracing::warn!(%error, "lost the connection that hears of changed purchases");
                sleep(RETRY_AFTER).await;
            }
        }
    }
}
