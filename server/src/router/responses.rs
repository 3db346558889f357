//! Applies to all responses: errors become problem documents, or pages for browsers, and nothing private is cached.

use app::bare_page;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use billing::locale::Locale;

use crate::{
    http::problem::{Problem, Written},
    identity::locale_of,
    state::AppState,
};

/// Whether the path belongs to the API rather than to the pages.
pub fn is_api(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    matches!(first, "v1" | "billing" | "auth" | "api" | "healthz" | "readyz")
}

/// Gives each error a body: a page if the client accepts HTML, else a problem document.
pub async fn render_errors(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    let locale = locale_of(request.uri(), request.headers(), &state.site);
    let reads_pages = !api && accepts_html(request.headers());
    let mut response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let problem = response.extensions().get::<Written>().is_some();
        let written = problem || has_content(response.headers());
        if reads_pages && (problem || !written) {
            response = with_body_of(response, error_page(status, locale));
        } else if !written {
            response = with_body_of(response, Problem::for_status(status).into_response());
        }
    }
    response
}

/// Whether a handler wrote the body; layers and axum itself write none, or a line of plain text.
fn has_content(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    !kind.is_empty() && !kind.starts_with("text/plain")
}

/// Whether the client accepts HTML.
pub fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}

/// The old response with the body of the new one. Keeps the old headers, such as Allow or Retry-After, and the old
/// [`Problem`].
fn with_body_of(old: Response, new: Response) -> Response {
    let (old, _) = old.into_parts();
    let (mut parts, body) = new.into_parts();
    for (name, value) in &old.headers {
        if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
            parts.headers.append(name, value.clone());
        }
    }
    parts.status = old.status;
    parts.extensions.extend(old.extensions);
    Response::from_parts(parts, body)
}

/// Sets `Cache-Control` where no handler did: `no-store`, or `no-cache` for static files, which are not private.
pub async fn set_cache_control(request: Request, next: Next) -> Response {
    let api = is_api(request.uri().path());
    let mut response = next.run(request).await;
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let file = !api && !page && (status.is_success() || status == StatusCode::NOT_MODIFIED);
    let cache = HeaderValue::from_static(if file { "no-cache" } else { "no-store" });
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(cache);
    response
}

/// An error page, which needs no database, session or script.
fn error_page(status: StatusCode, locale: Locale) -> Response {
    let kind = match status {
        StatusCode::FORBIDDEN => bare_page::Kind::Refused,
        StatusCode::SERVICE_UNAVAILABLE => bare_page::Kind::Unreachable,
        status if status.is_client_error() => bare_page::Kind::WrongRequest,
        _ => bare_page::Kind::OurFault,
    };
    (status, Html(bare_page::html(kind, locale))).into_response()
}
