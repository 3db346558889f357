//! The port that reads the ledger.

use async_trait::async_trait;

use super::error::StoreError;
use crate::{
    ids::{PurchaseId, TenantId},
    ledger::{Balance, Entry},
};

/// Reads the ledger. Entries are written by [`Store::commit`](super::Store::commit).
#[async_trait]
pub trait LedgerStore: Send + Sync {
    /// The tenant's balance, read from its newest entry.
    async fn balance(&self, tenant: TenantId) -> Result<Balance, StoreError>;

    /// The tenant's newest entries, or those before entry number `before`; newest first.
    async fn ledger(&self, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError>;

    /// The entries of one of the tenant's purchases, oldest first.
    async fn entries(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError>;
}
