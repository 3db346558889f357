//! The platform's names for tenants, in the model.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Tables, lock, yield_now};
use crate::{
    account::EmailAddress,
    ids::TenantId,
    store::{StoreError, TenantStore, UpsertedTenant},
    tenant::{ExternalId, Tenant, TenantProfile},
};

#[async_trait]
impl TenantStore for MemoryStore {
    async fn upsert_tenant(
        &self,
        external_id: &ExternalId,
        profile: &TenantProfile,
        new: TenantId,
        now: Timestamp,
    ) -> Result<UpsertedTenant, StoreError> {
        yield_now().await;
        let tables = &mut *lock(&self.tables);
        let known = tables.tenants.values().find(|tenant| tenant.external_id == *external_id).cloned();
        let created = known.is_none();
        let TenantProfile { email, name, low_balance } = profile.clone();
        let account = tables.users.values().map(|account| &account.principal).find(|principal| {
            email.as_ref() == Some(&principal.email) && !tables.tenants.contains_key(&principal.tenant_id)
        });
        let id = account.map_or(new, |principal| principal.tenant_id);
        let before = known.unwrap_or_else(|| Tenant {
            id,
            external_id: external_id.clone(),
            email: None,
            name: None,
            low_balance: None,
            created_at: now,
        });
        let tenant = Tenant {
            email: email.or(before.email.clone()),
            name: name.or(before.name.clone()),
            low_balance: low_balance.or(before.low_balance),
            ..before
        };
        tables.tenants.insert(tenant.id, tenant.clone());
        Ok(UpsertedTenant { tenant, created })
    }

    async fn tenant_by_external_id(&self, external_id: &ExternalId) -> Result<Option<Tenant>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).tenants.values().find(|tenant| tenant.external_id == *external_id).cloned())
    }
}

impl Tables {
    /// The oldest tenant that the platform has named with that address and that has no user yet.
    pub(super) fn tenant_without_user(&self, email: &EmailAddress) -> Option<TenantId> {
        let has_user = |id| self.users.values().any(|account| account.principal.tenant_id == id);
        let named = self.tenants.values().filter(|tenant| tenant.email.as_ref() == Some(email));
        named.filter(|tenant| !has_user(tenant.id)).map(|tenant| (tenant.created_at, tenant.id)).min().map(|(_, id)| id)
    }

    pub(super) fn has_tenant(&self, id: TenantId) -> bool {
        self.tenants.contains_key(&id) || self.users.values().any(|account| account.principal.tenant_id == id)
    }
}
