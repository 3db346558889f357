//! Receives notifications of changed purchases, on a connection of its own.

use std::{io, time::Duration};

use billing::ids::TenantId;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::{
    sync::broadcast,
    task::AbortHandle,
    time::{sleep, timeout},
};

use crate::connect::{CONNECT_TIME_MAX, PING_TIME_MAX, no_answer};

const CHANNEL: &str = "tenant_changed";
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long the connection may be silent before it is pinged.
const SILENCE_MAX: Duration = Duration::from_secs(5);

/// Forwards notifications until it is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    task: AbortHandle,
}

impl Listener {
    /// Starts listening. Receives every notification from the moment that this returns.
    pub(crate) async fn start(
        options: PgConnectOptions,
        changes: broadcast::Sender<TenantId>,
    ) -> Result<Self, sqlx::Error> {
        let first = connect(&options).await?;
        let task = tokio::spawn(keep_listening(first, options, changes)).abort_handle();
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

/// On a pool of its own: the driver needs a pool to listen, and dropping that pool drops a dead connection with it.
async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let connecting = async {
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let pool = pool.acquire_timeout(CONNECT_TIME_MAX).connect_with(options.clone()).await?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(listener)
    };
    timeout(CONNECT_TIME_MAX, connecting).await.unwrap_or_else(|_| Err(no_answer()))
}

async fn keep_listening(first: PgListener, options: PgConnectOptions, changes: broadcast::Sender<TenantId>) {
    let mut listener = first;
    loop {
        let error = pass_on(&mut listener, &changes).await;
        tracing::warn!(%error, "lost the connection that hears of changed purchases: pages are told later until it is back");
        listener = loop {
            match connect(&options).await {
                Ok(listener) => break listener,
                Err(_) => sleep(RETRY_AFTER).await,
            }
        };
        tracing::info!("changed purchases are heard of again");
    }
}

/// Forwards notifications until the connection is lost. Returns the reason.
async fn pass_on(listener: &mut PgListener, changes: &broadcast::Sender<TenantId>) -> sqlx::Error {
    loop {
        match timeout(SILENCE_MAX, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                if let Ok(tenant) = notification.payload().parse() {
                    // An error means that there is no listener.
                    let _ = changes.send(tenant);
                }
            }
            Ok(Ok(None)) => return sqlx::Error::Io(io::ErrorKind::ConnectionReset.into()),
            Ok(Err(error)) => return error,
            Err(_) => {
                let answer = timeout(PING_TIME_MAX, sqlx::raw_sql("SELECT 1").execute(&mut *listener)).await;
                if let Err(error) = answer.unwrap_or_else(|_| Err(no_answer())) {
                    return error;
                }
            }
        }
    }
}
