//! The port, method by method.

use std::time::Duration;

use async_trait::async_trait;
use billing::{
    consent::{ConsentText, ConsentVersion},
    event::{ClosedEvent, EventStatus, NewEvent, StoredEvent},
    ids::{EventId, PurchaseId, TenantId},
    ledger::{Balance, Entry},
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
    store::{Backlog, Change, Committed, Inserted, OrderLimits, PageRequest, PoolUse, Recorded, Store, StoreError},
};
use futures_core::stream::BoxStream;
use jiff::Timestamp;
use tokio::time::timeout;
use tokio_stream::{StreamExt, wrappers::BroadcastStream};

use super::{backlog, consent, events, purchases, receipts, store_error};
use crate::ThisStore;

/// How long a database that is well may take to say so.
const READY_TIME_MAX: Duration = Duration::from_secs(5);

#[async_trait]
impl Store for ThisStore {
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError> {
        let mut connection = self.writer().acquire().await.map_err(store_error)?;
        let inserted = purchases::insert(&mut connection, purchase, limits).await?;
        if inserted == Inserted::New {
            self.changed(purchase.tenant_id);
        }
        Ok(inserted)
    }

    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        purchases::by_id(self.reader(), tenant, id).await
    }

    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError> {
        purchases::by_checkout(self.reader(), tenant, provider_ref).await
    }

    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        purchases::locate(self.reader(), provider_ref, purchase_id).await
    }

    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError> {
        purchases::has_checkout_without_prefix(self.reader(), prefix).await
    }

    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError> {
        purchases::page(self.reader(), tenant, page).await
    }

    async fn balance(&self, tenant: TenantId) -> Result<Balance, StoreError> {
        purchases::balance(self.reader(), tenant).await
    }

    async fn ledger(&self, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError> {
        purchases::ledger(self.reader(), tenant, limit, before).await
    }

    async fn entries(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError> {
        purchases::entries(self.reader(), tenant, purchase).await
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        let committed = self.write(change).await?;
        if committed == Committed::Yes {
            self.changed(change.purchase.tenant_id);
        }
        Ok(committed)
    }

    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError> {
        events::record(self.writer(), event).await
    }

    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError> {
        let mut connection = self.writer().acquire().await.map_err(store_error)?;
        events::close(&mut connection, event).await.map_err(store_error)
    }

    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        purchases::locate_payment(self.reader(), payment_ref).await
    }

    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError> {
        events::defer(self.writer(), id, until, note).await
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        events::claim(self.writer(), now, leased_until, limit).await
    }

    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        purchases::claim_pending(self.writer(), now, leased_until, limit).await
    }

    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        purchases::pending_since(self.reader(), before).await
    }

    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError> {
        events::backfilled_until(self.reader()).await
    }

    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError> {
        events::set_backfilled_until(self.writer(), until).await
    }

    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        events::list(self.reader(), status, limit).await
    }

    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError> {
        events::by_any_id(self.reader(), id).await
    }

    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        events::of_tenant(self.reader(), tenant, limit).await
    }

    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError> {
        consent::keep(self.writer(), text).await
    }

    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError> {
        consent::read(self.reader(), version).await
    }

    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError> {
        receipts::begin_series(self.writer(), seller, series).await
    }

    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError> {
        receipts::number(self, issuer, at, limit).await
    }

    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError> {
        receipts::read(self.reader(), tenant, purchase).await
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
        // A receiver that falls behind loses the oldest hints: allowed, and better than waiting for it.
        Box::pin(BroadcastStream::new(self.subscribe()).filter_map(Result::ok))
    }
}
