//! The operator's router, on a listener of its own: metrics, health, and the developer's mailbox.
//!
//! It listens on the loopback interface unless `ADMIN_ADDR` says otherwise. If it can be reached from other machines,
//! they see the metrics, but never the mails.

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use tower::ServiceBuilder;
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer, timeout::TimeoutLayer};

use super::{files, responses};
use crate::{
    forwarding,
    http::{dev, health, problem::Problem},
    security,
    state::AppState,
};

/// The operator's router.
pub fn admin(state: &AppState) -> Router {
    let around = ServiceBuilder::new()
        .layer(middleware::from_fn_with_state(state.clone(), security::headers))
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(responses::set_cache_control))
        .layer(middleware::from_fn_with_state(state.clone(), responses::render_errors))
        .layer(CatchPanicLayer::custom(security::after_panic))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, security::REQUEST_TIME_MAX));
    let mailbox = Router::new()
        .route("/dev/mailbox", get(dev::mailbox))
        .route("/dev/mailbox/{number}", get(dev::mail))
        .route("/dev/mailbox/{number}/raw", get(dev::raw_mail))
        .layer(middleware::from_fn(require_loopback));
    // The mailbox uses the shop's style sheet.
    let nowhere = Router::new().fallback(async || Problem::NOT_FOUND);
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .merge(mailbox)
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback_service(files::serve(&state.leptos, nowhere))
        .with_state(state.clone())
        .layer(around)
}

/// The metrics, in Prometheus' text format.
async fn metrics(State(state): State<AppState>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, state.metrics.render()).into_response()
}

/// Answers 404 unless the request comes from this machine. A request that a proxy forwards counts as one from
/// elsewhere. So does one with a domain as its host, because another site's domain may resolve to this machine (DNS
/// rebinding).
async fn require_loopback(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let local = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let headers = request.headers();
    if local && !forwarding::is_forwarded(headers) && is_asked_by_address(request.uri(), headers) {
        next.run(request).await
    } else {
        Problem::NOT_FOUND.into_response()
    }
}

/// Whether the request's host is an IP address or localhost.
fn is_asked_by_address(uri: &Uri, headers: &HeaderMap) -> bool {
    let named = || headers.get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok();
    let Some(authority) = uri.authority().cloned().or_else(named) else { return false };
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    host.parse::<IpAddr>().is_ok() || host.eq_ignore_ascii_case("localhost")
}
