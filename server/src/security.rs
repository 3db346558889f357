//! Security headers, the guard against cross-site request forgery, and limits.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, Response, Uri, header},
    middleware::Next,
    response::IntoResponse,
};
use leptos::nonce::Nonce;
use tower_http::csrf::{CsrfLayer, ProtectionError, ResponseForProtectionError};

use crate::{http::problem::Problem, public_site::Site, state::AppState};

/// The largest request body, except the webhook's.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a request may take until its answer begins.
pub const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Generates the nonce of this response's scripts, and sets the security headers.
pub async fn headers(State(state): State<AppState>, mut request: Request, next: Next) -> Response<Body> {
    let nonce = Nonce::new();
    let policy = content_security_policy(&nonce, &state.site);
    request.extensions_mut().insert(nonce);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        // The mails in the developer's mailbox set their own policy.
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Server functions send plain forms back to the Referer.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if state.site.secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

fn content_security_policy(nonce: &Nonce, site: &Site) -> String {
    let checkout = &site.checkout_origin;
    let reload = if site.watch { " ws://127.0.0.1:* ws://localhost:*" } else { "" };
    format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; manifest-src 'self'; connect-src 'self'{reload}; \
         form-action 'self' {checkout}; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// Answers a cross-site request.
#[derive(Clone)]
pub struct CrossSite(AppState);

impl ResponseForProtectionError<Body> for CrossSite {
    fn response_for_protection_error(&mut self, error: ProtectionError) -> Response<Body> {
        metrics::counter!("cross_site_rejected_total").increment(1);
        if let Some(requests) = self.0.log_limits.cross_site_requests.count(self.0.clock.now()) {
            tracing::warn!(%error, requests, "requests from another site were turned away");
        }
        Problem::CROSS_SITE_REQUEST.into_response()
    }
}

/// Refuses requests that another site makes a browser send: by `Sec-Fetch-Site`, or else by `Origin`. A request with
/// neither header does not come from a browser, so nobody is tricked into sending it. The webhook is authenticated by
/// its signature instead, and the platform API reads no cookie.
pub fn forgery_guard(state: &AppState) -> CsrfLayer<CrossSite> {
    let without_cookie = |_: &Method, uri: &Uri| uri.path() == "/billing/webhook" || uri.path().starts_with("/v1/");
    let guard = CsrfLayer::new().with_insecure_bypass(without_cookie);
    let guard = guard.clone().add_trusted_origin(state.site.origin()).unwrap_or(guard);
    guard.with_rejection_response(CrossSite(state.clone()))
}

/// Answers a panic with a fixed text, and logs the panic's message.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub fn after_panic(panic: Box<dyn std::any::Any + Send + 'static>) -> Response<Body> {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = text.unwrap_or("of an unknown kind"), "a request panicked");
    Problem::INTERNAL.into_response()
}
