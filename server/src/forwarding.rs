//! The headers that a proxy adds to the requests that it forwards.

use axum::http::HeaderMap;

/// Headers that hold the client's address alone, as `CLIENT_IP_HEADER` needs it; the usual ones first.
const CLIENT: [&str; 4] = ["x-forwarded-for", "x-real-ip", "cf-connecting-ip", "true-client-ip"];
/// Headers of another form.
const OTHERS: [&str; 2] = ["forwarded", "via"];

/// The first header of the request that a proxy has added.
pub fn header(headers: &HeaderMap) -> Option<&'static str> {
    CLIENT.into_iter().chain(OTHERS).find(|name| headers.contains_key(*name))
}

/// Whether a proxy has forwarded the request.
pub fn is_forwarded(headers: &HeaderMap) -> bool {
    header(headers).is_some() || headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"))
}
