//! What a platform does: it makes tenants known, spends, holds and grants their credits, and reads what they have.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::{
    api_key::ApiKey,
    clock::{Clock, Entropy},
    ids::{ApiKeyId, HoldId, SpendId, TenantId},
    store::{ApiKeyStore, DescribedEntry, EntryFilter, StoreError, TenantStore, UpsertedTenant, WalletStore},
    tenant::{ExternalId, Tenant, TenantProfile},
    wallet::{Answer, Funds, Hold, Request, Spend},
};

/// How long the key of a refused request is kept.
const REFUSED_KEYS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How many holds one round of the sweeper tidies.
const EXPIRED_AT_ONCE: u32 = 500;

/// The ports that a platform's calls need.
pub trait PlatformStore: WalletStore + TenantStore + ApiKeyStore {}

impl<S: WalletStore + TenantStore + ApiKeyStore> PlatformStore for S {}

/// The use cases of the platform API; cheap to clone.
#[derive(Clone)]
pub struct Platform {
    store: Arc<dyn PlatformStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Platform {
    /// Over those ports.
    pub fn new(store: Arc<dyn PlatformStore>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { store, clock, entropy }
    }

    /// Executes requests together, and gives the answer to each, in their order. When the database refuses the group, each
    /// is executed by itself, so that none is harmed by another: two processes may have met in one idempotency key.
    pub async fn execute(&self, requests: &[Request]) -> Vec<Result<Answer, StoreError>> {
        match self.execute_together(requests).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(StoreError::Refused(_)) => {
                let mut answers = Vec::with_capacity(requests.len());
                for request in requests {
                    answers.push(self.execute_one(request).await);
                }
                answers
            }
            Err(error) => requests.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Executes one request. A refusal by the database is tried again once: what another process has written since is then
    /// read first.
    async fn execute_one(&self, request: &Request) -> Result<Answer, StoreError> {
        let request = std::slice::from_ref(request);
        let answers = match self.execute_together(request).await {
            Err(StoreError::Refused(_)) => self.execute_together(request).await?,
            answers => answers?,
        };
        answers.into_iter().next().ok_or_else(|| StoreError::Corrupt("a request without an answer".to_owned()))
    }

    async fn execute_together(&self, requests: &[Request]) -> Result<Vec<Answer>, StoreError> {
        self.store.execute(requests, self.clock.as_ref(), self.entropy.as_ref()).await
    }

    /// What the tenant has now.
    pub async fn funds(&self, tenant: TenantId) -> Result<Funds, StoreError> {
        self.store.funds(tenant, self.clock.now()).await
    }

    /// The tenant's hold of that id, as it stands now.
    pub async fn hold(&self, tenant: TenantId, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let now = self.clock.now();
        let hold = self.store.hold(tenant, id).await?;
        Ok(hold.map(|hold| Hold { status: hold.status_at(now), ..hold }))
    }

    /// The tenant's spend of that id.
    pub async fn spend(&self, tenant: TenantId, id: SpendId) -> Result<Option<Spend>, StoreError> {
        self.store.spend(tenant, id).await
    }

    /// The tenant's newest entries that fit the filter, newest first.
    pub async fn entries(&self, tenant: TenantId, filter: &EntryFilter) -> Result<Vec<DescribedEntry>, StoreError> {
        self.store.described_entries(tenant, filter).await
    }

    /// Makes a tenant known, or writes what is known of it.
    pub async fn upsert_tenant(
        &self,
        external_id: &ExternalId,
        profile: &TenantProfile,
    ) -> Result<UpsertedTenant, StoreError> {
        let now = self.clock.now();
        let new = TenantId::new(now, self.entropy.as_ref());
        self.store.upsert_tenant(external_id, profile, new, now).await
    }

    /// The tenant of that external id.
    pub async fn tenant(&self, external_id: &ExternalId) -> Result<Option<Tenant>, StoreError> {
        self.store.tenant_by_external_id(external_id).await
    }

    /// The API key of that hash, if it works now. Its use is noted, to the hour.
    pub async fn api_key(&self, secret_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let now = self.clock.now();
        let found = self.store.api_key(secret_hash).await?.filter(|key| key.works_at(now));
        let Some(mut key) = found else { return Ok(None) };
        let hour = hour_of(now);
        if key.last_used_at != Some(hour) {
            self.store.note_api_key_use(key.id, hour).await?;
            key.last_used_at = Some(hour);
        }
        Ok(Some(key))
    }

    /// Whether an API key works now, as far as it is known here, and its use in this hour is noted.
    pub fn is_in_use(&self, key: &ApiKey) -> bool {
        let now = self.clock.now();
        key.works_at(now) && key.last_used_at == Some(hour_of(now))
    }

    /// Keeps a new API key; `false` when its name is taken.
    pub async fn add_api_key(&self, key: &ApiKey) -> Result<bool, StoreError> {
        self.store.insert_api_key(key).await
    }

    /// Every API key, newest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        self.store.api_keys().await
    }

    /// Revokes an API key for good.
    pub async fn revoke_api_key(&self, id: ApiKeyId) -> Result<bool, StoreError> {
        self.store.revoke_api_key(id, self.clock.now()).await
    }

    /// Tidies: stores holds that are over as expired, and forgets refusals of long ago. Gives how many holds it stored.
    pub async fn tidy(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        self.store.delete_refused_keys(now - REFUSED_KEYS_KEPT).await?;
        Ok(self.store.expire_holds(now, EXPIRED_AT_ONCE).await?.len())
    }
}

fn hour_of(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second().div_euclid(3_600) * 3_600).unwrap_or(at)
}
