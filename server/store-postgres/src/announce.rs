//! Sends notifications of changed purchases: at once within this process, and in batches to the other processes.
//!
//! Not in the booking transaction: `NOTIFY` takes a lock on the whole database until the commit is on the disk, which
//! would serialize the bookings of all tenants. Notifications that are lost in a crash only delay open pages, which
//! also poll.

use std::time::Duration;

use billing::ids::TenantId;
use tokio::{
    sync::{broadcast, mpsc},
    task::AbortHandle,
    time::sleep,
};

use crate::pool::Pool;

/// How long changes are collected into one batch.
const BATCH_TIME: Duration = Duration::from_millis(20);
/// The length of the queue; further changes are dropped.
const WAITING_MAX: usize = 4096;

/// Sends notifications until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Announcer {
    here: broadcast::Sender<TenantId>,
    elsewhere: mpsc::Sender<TenantId>,
    task: AbortHandle,
}

impl Announcer {
    pub(crate) fn start(pool: &Pool, here: broadcast::Sender<TenantId>) -> Self {
        let (elsewhere, waiting) = mpsc::channel(WAITING_MAX);
        let task = tokio::spawn(announce(pool.clone(), waiting)).abort_handle();
        Self { here, elsewhere, task }
    }

    pub(crate) fn changed(&self, tenant: TenantId) {
        // The first fails without listeners, the second when the queue is full.
        let _ = self.here.send(tenant);
        let _ = self.elsewhere.try_send(tenant);
    }

    pub(crate) fn stop(&self) {
        self.task.abort();
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn announce(pool: Pool, mut waiting: mpsc::Receiver<TenantId>) {
    let mut changed = Vec::new();
    while waiting.recv_many(&mut changed, WAITING_MAX).await > 0 {
        let mut tenants: Vec<String> = changed.drain(..).map(|tenant| tenant.to_string()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        // Without waiting for the disk: a lost notification does no harm.
        let told = sqlx::query!(
            r#"SELECT pg_notify('tenant_changed', tenant) AS "told?" FROM unnest($1::TEXT[]) AS changed (tenant)
            WHERE set_config('synchronous_commit', 'off', TRUE) = 'off'"#,
            &tenants
        )
        .fetch_all(&pool)
        .await;
        if let Err(error) = told {
            tracing::warn!(%error, "other processes could not be told of changed purchases");
        }
        sleep(BATCH_TIME).await;
    }
}
