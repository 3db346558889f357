//! The shared state of the process.

use std::{ops::Deref, sync::Arc};

use app::context::Shop;
use axum::extract::FromRef;
use billing::{
    Webhooks,
    clock::Clock,
    store::{AccountStore, Store},
};
use leptos::config::LeptosOptions;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    identity::Identity, log_limit::LogLimits, mail::mailbox::Mailbox, platform::PlatformService, public_site::Site,
    readiness::Readiness, streams::Streams, tasks::TaskHealth, telemetry::Metrics,
};

/// Shared by all requests; cheap to clone.
#[derive(Clone)]
pub struct AppState(Arc<Parts>);

impl From<Parts> for AppState {
    fn from(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The parts of an [`AppState`].
pub struct Parts {
    /// The use cases, and the settings of the pages.
    pub shop: Shop,
    /// For readiness and balance changes; everything else goes through the use cases.
    pub store: Arc<dyn Store>,
    /// Accounts and sessions.
    pub accounts: Arc<dyn AccountStore>,
    /// Webhooks out.
    pub webhooks: Webhooks,
    /// Sign-up, sign-in and sign-out.
    pub identity: Arc<Identity>,
    /// What the platform API needs.
    pub platform: PlatformService,
    /// The machine's clock, or a test's.
    pub clock: Arc<dyn Clock>,
    /// The secrets that sign notifications; without any, all notifications are refused.
    pub webhook_secrets: Arc<[SecretString]>,
    /// The shop as seen from outside.
    pub site: Arc<Site>,
    /// The location and names of the front end's files.
    pub leptos: LeptosOptions,
    /// The streams that browsers have open.
    pub streams: Streams,
    /// The mailbox that replaces a mail server in development.
    pub mailbox: Option<Mailbox>,
    /// Cancelled when the process stops; ends open streams.
    pub shutdown: CancellationToken,
    /// Cancelled earlier, when the process is no longer ready but still serves.
    pub draining: CancellationToken,
    /// The health of the background tasks.
    pub tasks: TaskHealth,
    /// Rate limits for log lines that clients can cause.
    pub log_limits: LogLimits,
    /// The metrics.
    pub metrics: Metrics,
    /// The last result of the readiness check.
    pub readiness: Readiness,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
