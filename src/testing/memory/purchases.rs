//! Purchases of the model.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{MemoryStore, Tables, give_way, lock, rules};
use crate::{
    ids::{PurchaseId, TenantId},
    purchase::{Purchase, Status},
    store::{Inserted, OrderLimits, PageRequest, PurchaseStore, StoreError},
};

#[async_trait]
impl PurchaseStore for MemoryStore {
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let earlier = purchase.order_key.as_ref().and_then(|_| {
            let same =
                |other: &&Purchase| other.tenant_id == purchase.tenant_id && other.order_key == purchase.order_key;
            tables.purchases.values().find(same)
        });
        if let Some(earlier) = earlier {
            return Ok(Inserted::Existing(Box::new(earlier.clone())));
        }
        if limits.is_some_and(|limits| !rules::may_order(&tables, purchase, limits)) {
            return Ok(Inserted::LimitReached);
        }
        rules::may_insert(&tables, purchase)?;
        tables.purchases.insert(purchase.id, purchase.clone());
        tables.check_after.insert(purchase.id, purchase.created_at + SignedDuration::from_mins(5));
        self.tell(purchase.tenant_id);
        Ok(Inserted::New)
    }

    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).own_purchase(tenant, id).cloned())
    }

    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        Ok(tables.by_checkout(provider_ref).filter(|purchase| purchase.tenant_id == tenant).cloned())
    }

    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let found = tables.by_checkout(provider_ref).or_else(|| tables.purchases.get(&purchase_id?));
        Ok(found.map(|purchase| (purchase.tenant_id, purchase.id)))
    }

    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let mut all = tables.purchases.values();
        let found = all.find(|purchase| purchase.payment_ref.as_deref() == Some(payment_ref));
        Ok(found.map(|purchase| (purchase.tenant_id, purchase.id)))
    }

    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let mut sessions = tables.purchases.values().filter_map(|purchase| purchase.checkout.as_ref());
        Ok(sessions.any(|checkout| !checkout.provider_ref.starts_with(prefix)))
    }

    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let own = tables.purchases.values().rev().filter(|purchase| purchase.tenant_id == tenant);
        let older = own.filter(|purchase| page.older_than.is_none_or(|newest| purchase.id < newest));
        Ok(older.take(usize::try_from(page.limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let Tables { purchases, check_after, .. } = &mut *tables;
        let due = purchases.values_mut().filter(|purchase| {
            purchase.status() == Status::Pending && check_after.get(&purchase.id).is_some_and(|at| *at <= now)
        });
        let mut claimed = Vec::new();
        for purchase in due.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            purchase.version += 1;
            claimed.push((purchase.tenant_id, purchase.id));
        }
        check_after.extend(claimed.iter().map(|(_, id)| (*id, leased_until)));
        Ok(claimed)
    }

    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let pending = tables.purchases.values().filter(|purchase| purchase.status() == Status::Pending);
        let old = pending.filter(|purchase| purchase.created_at < before);
        Ok(old.map(|purchase| (purchase.tenant_id, purchase.id)).collect())
    }
}
