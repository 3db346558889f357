//! The platform API's part of the process: the use cases, the queue of writes, and the limit on calls.

mod writes;

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use billing::{
    Platform,
    clock::Clock,
    ids::ApiKeyId,
    wallet::{Answer, Request},
};

use self::writes::Writes;
use crate::{
    http::problem::Problem,
    identity::{CallLimit, KeyMode},
    tasks::{Job, Next},
};

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
}

impl PlatformService {
    /// Over those use cases. Needs a Tokio runtime.
    pub fn new(platform: Platform, clock: Arc<dyn Clock>, settings: PlatformSettings) -> Self {
        let PlatformSettings { coalescing, calls_per_second_max, key_mode } = settings;
        let writes = if coalescing { Writes::coalesced(platform.clone()) } else { Writes::Alone(platform.clone()) };
        Self { platform, key_mode, writes, calls: CallLimit::new(clock, calls_per_second_max) }
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
