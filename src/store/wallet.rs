//! The port that keeps the wallet.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    clock::{Clock, Entropy},
    ids::{HoldId, SpendId, TenantId},
    ledger::{Entry, EntryKind},
    wallet::{Answer, Funds, Hold, Reference, Request, Spend},
};

/// Keeps holds, spends, grants and their reversals, and the idempotency keys of the requests that made them.
#[async_trait]
pub trait WalletStore: Send + Sync {
    /// Executes requests of any tenants in their order, in one transaction: locks the tenants, reads what the requests need,
    /// has an [`Executor`](crate::wallet::Executor) decide, and writes what it decided. The clock is read once, when the
    /// tenants are locked. Gives the answers in the order of the requests, after the commit.
    ///
    /// An error means that none was executed, or that it is not known: the same requests can be executed again.
    async fn execute(
        &self,
        requests: &[Request],
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Answer>, StoreError>;

    /// What the tenant has at that instant.
    async fn funds(&self, tenant: TenantId, now: Timestamp) -> Result<Funds, StoreError>;

    /// The tenant's hold of that id.
    async fn hold(&self, tenant: TenantId, id: HoldId) -> Result<Option<Hold>, StoreError>;

    /// The tenant's holds that set credits aside at that instant; the next to end first.
    async fn active_holds(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<Hold>, StoreError>;

    /// The tenant's spend of that id.
    async fn spend(&self, tenant: TenantId, id: SpendId) -> Result<Option<Spend>, StoreError>;

    /// The tenant's newest entries that fit the filter, newest first, each with what is known of its source.
    async fn described_entries(
        &self,
        tenant: TenantId,
        filter: &EntryFilter,
    ) -> Result<Vec<DescribedEntry>, StoreError>;

    /// Stores up to `limit` ACTIVE holds that are over at `now` as EXPIRED, and gives them. Only tidies: nothing depends on
    /// it, and no balance changes.
    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, StoreError>;

    /// Removes the keys of refused requests that were used before that instant; gives how many. Keys of what was done stay
    /// as long as the ledger.
    async fn delete_refused_keys(&self, before: Timestamp) -> Result<u64, StoreError>;
}

/// Which entries of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryFilter {
    /// Of this kind alone.
    pub kind: Option<EntryKind>,
    /// Of spends with this reference alone, and of their reversals.
    pub reference: Option<Reference>,
    /// Only those before this entry number.
    pub before: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// An entry, and what is known of its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescribedEntry {
    /// The entry.
    pub entry: Entry,
    /// The platform's own id of the job that a spend was for.
    pub reference: Option<Reference>,
    /// What a spend was for, or why credits were granted or reversed, as the platform says it to the buyer.
    pub description: Option<String>,
    /// The platform's own pairs about a spend.
    pub metadata: BTreeMap<String, String>,
}
