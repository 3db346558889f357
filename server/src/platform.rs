//! The platform API's part of the process: the use cases, the queue of writes, and the limit on calls.

mod writes;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use billing::{
    Platform,
    api_key::ApiKey,
    clock::Clock,
    ids::{ApiKeyId, TenantId},
    store::StoreError,
    tenant::ExternalId,
    wallet::{Answer, Request},
};
use quick_cache::sync::Cache;

use self::writes::Writes;
use crate::{
    http::problem::Problem,
    identity::{CallLimit, KeyMode},
    tasks::{Job, Next},
};

/// How many tenants and API keys the process remembers.
const TENANTS_KNOWN: usize = 20_000;
const API_KEYS_KNOWN: usize = 100;
/// Holds that are over are told of within that time.
const TIDY_EVERY: Duration = Duration::from_secs(5);
const TIDY_TIME_MAX: Duration = Duration::from_secs(30);

/// What the operator has set for the platform API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformSettings {
    /// Whether writes that arrive together are written together.
    pub coalescing: bool,
    /// The most calls of an API key in a second.
    pub calls_per_second_max: NonZeroU32,
    /// Which keys the shop takes.
    pub key_mode: KeyMode,
}

/// What the platform API needs; one for the process.
pub struct PlatformService {
    /// The use cases, for all but writes to the wallet.
    pub platform: Platform,
    /// Which keys the shop takes.
    pub key_mode: KeyMode,
    writes: Writes,
    calls: CallLimit,
    /// An external id stays with its tenant for good.
    tenants: Cache<ExternalId, TenantId>,
    /// By their hash. All but revocation and last use of a key stay as they are.
    api_keys: Cache<String, ApiKey>,
}

impl PlatformService {
    /// Over those use cases. Needs a Tokio runtime.
    pub fn new(platform: Platform, clock: Arc<dyn Clock>, settings: PlatformSettings) -> Self {
        let PlatformSettings { coalescing, calls_per_second_max, key_mode } = settings;
        let writes = if coalescing { Writes::coalesced(platform.clone()) } else { Writes::Alone(platform.clone()) };
        Self {
            platform,
            key_mode,
            writes,
            calls: CallLimit::new(clock, calls_per_second_max),
            tenants: Cache::new(TENANTS_KNOWN),
            api_keys: Cache::new(API_KEYS_KNOWN),
        }
    }

    /// The tenant of that external id.
    pub async fn tenant_id(&self, external_id: &ExternalId) -> Result<Option<TenantId>, StoreError> {
        if let Some(known) = self.tenants.get(external_id) {
            return Ok(Some(known));
        }
        let found = self.platform.tenant(external_id).await?.map(|tenant| tenant.id);
        if let Some(tenant) = found {
            self.tenants.insert(external_id.clone(), tenant);
        }
        Ok(found)
    }

    /// The API key of that hash, if it works now, or worked when this process last looked: for a request that is refused by
    /// [`execute`](Self::execute) if the key is revoked. Looks once an hour, to note the key's use.
    pub async fn known_api_key(&self, secret_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        if let Some(known) = self.api_keys.get(secret_hash).filter(|key| self.platform.is_in_use(key)) {
            return Ok(Some(known));
        }
        let found = self.platform.api_key(secret_hash).await?;
        if let Some(key) = &found {
            self.api_keys.insert(secret_hash.to_owned(), key.clone());
        }
        Ok(found)
    }

    /// Executes a request that writes, and answers after its commit.
    pub async fn execute(&self, request: Request) -> Result<Answer, Problem> {
        self.writes.execute(request).await
    }

    /// Counts a call of that key; refused when it has made too many.
    pub fn count_call(&self, key: ApiKeyId) -> Result<(), Problem> {
        self.calls.count(key).map_err(|wait| Problem::RATE_LIMITED.after(wait))
    }

    /// Forgets what no longer counts.
    pub fn forget_old(&self) {
        self.calls.forget_old();
    }

    /// Stores holds that are over as expired, and forgets refusals of long ago.
    pub fn tidy_job(&self) -> Job {
        let platform = self.platform.clone();
        Job::new("holds", TIDY_EVERY, TIDY_TIME_MAX, move || tidy(platform.clone()))
    }
}

async fn tidy(platform: Platform) -> Next {
    match platform.tidy().await {
        Ok(0) => Next::Wait,
        Ok(_) => Next::AtOnce,
        Err(error) => {
            tracing::warn!(%error, "holds that are over could not be stored as expired");
            Next::Wait
        }
    }
}
