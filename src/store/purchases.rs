//! The port that keeps purchases.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::error::StoreError;
use crate::{
    ids::{PurchaseId, TenantId},
    purchase::Purchase,
};

/// Stores purchases. Changes are written by [`Store::commit`](super::Store::commit).
#[async_trait]
pub trait PurchaseStore: Send + Sync {
    /// Writes a new purchase. With an order key that the tenant has used before, writes nothing and returns the earlier
    /// purchase, even if both calls run concurrently. Writes nothing either when the tenant has reached one of the
    /// limits, which hold across concurrent orders and processes.
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError>;

    /// The tenant's purchase with this id.
    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError>;

    /// The tenant's purchase with this checkout session.
    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError>;

    /// The ids of the purchase that a notification is about, found by the session's id, or else by the purchase id on
    /// the session. Only for the provider's notifications, which name no tenant; that is why it returns nothing else of
    /// the purchase.
    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;

    /// The ids of the purchase that a payment belongs to. Only for the provider's notifications.
    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;

    /// Whether any purchase has a checkout session whose id does not start with `prefix`. Used when the process starts.
    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError>;

    /// The tenant's purchases, newest first.
    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError>;

    /// Claims up to `limit` PENDING purchases that are due for a query to the provider at `now`, until `leased_until`.
    /// A purchase is first due five minutes after the order.
    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;

    /// For the operator: the PENDING purchases ordered before an instant, oldest first.
    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;
}

/// The result of inserting a purchase.
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
    /// Orders within [`OrderLimits::WINDOW`], in any state.
    pub per_minute_max: u32,
}

impl OrderLimits {
    /// The period of `per_minute_max`.
    pub const WINDOW: SignedDuration = SignedDuration::from_mins(1);
}

/// A page of a list that is read newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// The most items on the page.
    pub limit: u32,
    /// Only purchases older than this one.
    pub older_than: Option<PurchaseId>,
}
