//! Telling of changed purchases: at once in this process, and within moments in every other one on the database.
//!
//! Not in the booking transaction: a transaction that notifies holds a lock of the whole database until its commit is
//! on the disk, so the bookings of all tenants would go through one by one. What a process that dies has not told any
//! more, open pages learn when they look again by themselves.

use std::time::Duration;

use billing::ids::TenantId;
use tokio::{
    sync::{broadcast, mpsc},
    task::AbortHandle,
    time::sleep,
};

use crate::pool::Pool;

/// How long changes are gathered before they are told together.
const GATHERED_FOR: Duration = Duration::from_millis(20);
/// Changes that may wait to be told; beyond that they are lost, as hints may be.
const WAITING_MAX: usize = 4096;

/// Tells others, until it is stopped or dropped.
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
        // Errors mean that nobody listens, and that too much waits already.
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
        // Nothing is written that would have to outlive a power cut.
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
        sleep(GATHERED_FOR).await;
    }
}
