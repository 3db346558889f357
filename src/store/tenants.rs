//! The port that keeps the platform's names for tenants.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    ids::TenantId,
    tenant::{ExternalId, Tenant, TenantProfile},
};

/// Keeps the platform's names for tenants.
#[async_trait]
pub trait TenantStore: Send + Sync {
    /// The tenant of that external id, with the profile written to it; and whether the id is new. A new one belongs to the
    /// tenant of the account with the profile's address, if there is one that has no external id yet, and otherwise to a
    /// tenant `new` that is made for it. Of two calls at once, one makes it.
    async fn upsert_tenant(
        &self,
        external_id: &ExternalId,
        profile: &TenantProfile,
        new: TenantId,
        now: Timestamp,
    ) -> Result<UpsertedTenant, StoreError>;

    /// The tenant of that external id.
    async fn tenant_by_external_id(&self, external_id: &ExternalId) -> Result<Option<Tenant>, StoreError>;
}

/// What became of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpsertedTenant {
    /// As it now stands.
    pub tenant: Tenant,
    /// Whether the external id is new.
    pub created: bool,
}
