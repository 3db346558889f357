//! What every request needs; one for the process.

use std::{ops::Deref, sync::Arc};

use app::context::Shop;
use axum::{extract::FromRef, http::HeaderName};
use billing::{
    clock::Clock,
    store::{AccountStore, Store},
};
use leptos::config::LeptosOptions;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    identity::Identity, log_limit::LogLimits, mail::mailbox::Mailbox, readiness::Readiness, streams::Streams,
    tasks::TaskHealth, telemetry::Metrics,
};

/// Where the shop is, seen from outside.
#[derive(Clone, Debug)]
pub struct Site {
    /// The address that customers come by; its path is `/`.
    pub public_url: Url,
    /// Where the order form may lead: scheme, host and port of the provider's payment page.
    pub checkout_origin: String,
    /// The header in which a reverse proxy names the client, if there is one.
    pub client_ip_header: Option<HeaderName>,
    /// What the names of the cookies begin with.
    pub cookie_prefix: String,
    /// `cargo leptos watch` is at work: pages may talk to its reload server.
    pub watch: bool,
}

impl Site {
    /// Whether customers come by TLS, so that cookies can insist on it.
    pub fn secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The name of the session's cookie. `__Host-` binds it to this very host (RFC 6265bis) where the cookie is Secure.
    pub fn session_cookie(&self) -> String {
        let bound = if self.secure() { "__Host-" } else { "" };
        format!("{bound}{}_session", self.cookie_prefix)
    }

    /// The name of the cookie that keeps the chosen language.
    pub fn locale_cookie(&self) -> String {
        format!("{}_locale", self.cookie_prefix)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.public_url.origin().ascii_serialization()
    }
}

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
