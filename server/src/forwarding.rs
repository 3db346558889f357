//! The headers by which a proxy tells that it forwards a request, and for whom.

use axum::http::HeaderMap;

/// Those that name the client by its bare address, which is how `CLIENT_IP_HEADER` is read; the usual ones first.
const CLIENT: [&str; 4] = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip"];
/// Those that tell of a proxy in other words.
const OTHERS: [&str; 2] = ["forwarded", "via"];

/// A header of the request that tells of a proxy.
pub fn header(headers: &HeaderMap) -> Option<&'static str> {
    CLIENT.into_iter().chain(OTHERS).find(|name| headers.contains_key(*name))
}

/// Whether a proxy says that it forwards the request.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    header(headers).is_some() || headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"))
}
