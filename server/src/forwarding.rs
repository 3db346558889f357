//! The headers that a proxy adds to the requests that it forwards.

use axum::http::HeaderMap;

/// Headers with the client's address, suitable for `CLIENT_IP_HEADER`; the most common ones first.
const CLIENT: [&str; 4] = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip"];
/// Headers that show a proxy, but are not suitable for `CLIENT_IP_HEADER`.
const OTHERS: [&str; 2] = ["forwarded", "via"];

/// The first header of the request that only proxies add.
pub fn header(headers: &HeaderMap) -> Option<&'static str> {
    CLIENT.into_iter().chain(OTHERS).find(|name| headers.contains_key(*name))
}

/// Whether a proxy has forwarded the request.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    header(headers).is_some() || headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"))
}
