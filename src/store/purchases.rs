//! The port that keeps purchases.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::error::StoreError;
use crate::{
    ids::{PurchaseId, TenantId},
    purchase::Purchase,
};

/// Keeps purchases. What changes one is written by [`Store::commit`](super::Store::commit).
#[async_trait]
pub trait PurchaseStore: Send + Sync {
    /// Writes a new purchase. With an order key that the tenant has used before, nothing is written and the earlier
    /// purchase is given back, also when both calls come at the same instant. Nothing is written either when the tenant
    /// has reached one of the limits; they hold for orders at the same instant, and in several processes.
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError>;

    /// The tenant's purchase of that id.
    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError>;

    /// The tenant's purchase of that checkout session.
    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError>;

    /// Which purchase, and so which tenant, a notification is about; nothing else of it. By the session's id, or else
    /// by the purchase id that the session carries. For the provider's notifications alone, which know no tenant.
    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;

    /// Which purchase a payment belongs to; nothing else of it. For the provider's notifications alone.
    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;

    /// For the start of the process: whether any purchase has a checkout session whose id begins otherwise.
    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError>;

    /// The tenant's purchases, newest first.
    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError>;

    /// Takes up to `limit` PENDING purchases that are due to be asked about at `now`, and keeps them from other
    /// processes until `leased_until`. A purchase falls due five minutes after it was ordered.
    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;

    /// For the operator: the PENDING purchases ordered before an instant, oldest first.
    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;
}

/// What became of a new purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was written.
    New,
    /// The tenant's earlier purchase under the same order key.
    Existing(Box<Purchase>),
    /// The tenant has reached one of its limits; nothing was written.
    LimitReached,
}

/// How much one tenant may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLimits {
    /// PENDING purchases at a time.
    pub open_max: u32,
    /// Orders within [`OrderLimits::WINDOW`], whatever became of them.
    pub per_minute_max: u32,
}

impl OrderLimits {
    /// The time that `per_minute_max` counts.
    pub const WINDOW: SignedDuration = SignedDuration::from_mins(1);
}

/// A page of a list that is read newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many at most.
    pub limit: u32,
    /// Only purchases older than this one.
    pub older_than: Option<PurchaseId>,
}
