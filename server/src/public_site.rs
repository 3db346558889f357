//! The shop as seen from outside: its public address and what depends on it.

use axum::http::HeaderName;
use url::Url;

/// The shop as seen from outside: its public address and what depends on it.
#[derive(Clone, Debug)]
pub struct Site {
    /// The shop's public address; its path is `/`.
    pub public_url: Url,
    /// Scheme, host and port of the provider's payment page, to which the order form may redirect.
    pub checkout_origin: String,
    /// The header in which a reverse proxy names the client, if there is one.
    pub client_ip_header: Option<HeaderName>,
    /// The prefix of the cookies' names.
    pub cookie_prefix: String,
    /// Whether `cargo leptos watch` runs the server; then pages may connect to its reload server.
    pub watch: bool,
}

impl Site {
    /// Whether customers use TLS, so that cookies can be `Secure`.
    pub fn secure(&self) -> bool {
        self.public_url.scheme() == "https"
    }

    /// The name of the session's cookie. If the cookie is `Secure`, `__Host-` binds it to this host (RFC 6265bis).
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
