//! The methods of `Store` itself.

use std::time::Duration;

use async_trait::async_trait;
use billing::{
    ids::TenantId,
    store::{Backlog, Change, Committed, PoolUse, Store, StoreError},
};
use futures_core::stream::BoxStream;
use tokio::time::timeout;
use tokio_stream::{StreamExt, wrappers::BroadcastStream};

use super::{backlog, store_error};
use crate::ThisStore;

/// The timeout of the readiness check.
const READY_TIME_MAX: Duration = Duration::from_secs(5);

#[async_trait]
impl Store for ThisStore {
    async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        let committed = self.commits.commit(change).await?;
        if committed == Committed::Yes {
            self.changed(change.purchase.tenant_id);
        }
        Ok(committed)
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        backlog::read(self.reader()).await
    }

    fn pool_use(&self) -> PoolUse {
        self.pools().into_iter().fold(PoolUse::default(), |sum, pool| PoolUse {
            size: sum.size + pool.size(),
            idle: sum.idle + u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
            max: sum.max + pool.options().get_max_connections(),
        })
    }

    async fn ready(&self) -> Result<(), StoreError> {
        let probe = async {
            self.check_migrated().await.map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let written = sqlx::query!("UPDATE write_probe SET probes = probes + 1 WHERE id = 1")
                .execute(self.writer())
                .await
                .map_err(store_error)?;
            match written.rows_affected() {
                1 => Ok(()),
                _ => Err(StoreError::Unavailable("the table write_probe has no row to write to".to_owned())),
            }
        };
        let late = || StoreError::Unavailable("no answer in time".to_owned());
        timeout(READY_TIME_MAX, probe).await.unwrap_or_else(|_| Err(late()))
    }

    async fn close(&self) {
        Self::close(self).await;
    }

    fn changes(&self) -> BoxStream<'static, TenantId> {
        // A receiver that falls behind loses the oldest notifications, which the port allows.
        Box::pin(BroadcastStream::new(self.subscribe()).filter_map(Result::ok))
    }
}
