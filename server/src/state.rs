//! What every request needs; one for the process.

use std::{ops::Deref, sync::Arc};

use app::context::Shop;
use axum::extract::FromRef;
use billing::{
    clock::Clock,
    store::{AccountStore, Store},
};
use leptos::config::LeptosOptions;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use crate::{
    identity::Identity, log_limit::LogLimits, mail::mailbox::Mailbox, public_site::Site, readiness::Readiness,
    streams::Streams, tasks::TaskHealth, telemetry::Metrics,
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

/// What [`AppState`] shares.
pub struct Parts {
    /// The use cases, and what the operator has set.
    pub shop: Shop,
    /// For readiness and balance changes; everything else goes through the use cases.
    pub store: Arc<dyn Store>,
    /// Accounts and sessions.
    pub accounts: Arc<dyn AccountStore>,
    /// Signing up, in and out.
    pub identity: Arc<Identity>,
    /// The machine's clock, or a test's.
    pub clock: Arc<dyn Clock>,
    /// What notifications are signed with; none, and none is believed.
    pub webhook_secrets: Arc<[SecretString]>,
    /// Where the shop is.
    pub site: Arc<Site>,
    /// Where the front end's files are, and what they are called.
    pub leptos: LeptosOptions,
    /// The streams that browsers have open.
    pub streams: Streams,
    /// Where mails go when there is no mail server.
    pub mailbox: Option<Mailbox>,
    /// Cancelled when the process is about to stop: ends what would otherwise stay open.
    pub shutdown: CancellationToken,
    /// Cancelled earlier, when the process is not ready any more and still serves.
    pub draining: CancellationToken,
    /// Whether the background tasks get on.
    pub tasks: TaskHealth,
    /// How often strangers may cause a line of the log.
    pub log_limits: LogLimits,
    /// The numbers at `/metrics`.
    pub metrics: Metrics,
    /// What `/readyz` found last.
    pub readiness: Readiness,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
