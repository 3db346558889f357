//! The ledger of the model.

use async_trait::async_trait;

use super::{MemoryStore, lock, yield_now};
use crate::{
    ids::{PurchaseId, TenantId},
    ledger::{Balance, Entry},
    store::{LedgerStore, StoreError},
};

#[async_trait]
impl LedgerStore for MemoryStore {
    async fn balance(&self, tenant: TenantId) -> Result<Balance, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).balance(tenant))
    }

    async fn ledger(&self, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let own = tables.ledgers.get(&tenant).map_or(&[][..], Vec::as_slice).iter().rev();
        let older = own.filter(|entry| before.is_none_or(|before| entry.seq < before));
        Ok(older.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn entries(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let ledger = tables.ledgers.get(&tenant).map_or(&[][..], Vec::as_slice);
        Ok(ledger.iter().filter(|entry| entry.booked.source.purchase() == Some(purchase)).cloned().collect())
    }
}
