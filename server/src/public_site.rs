//! Where the shop is, seen from outside.

use axum::http::HeaderName;
use url::Url;

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
