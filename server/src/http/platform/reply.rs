//! Answers of the calls.

use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// The header that marks the first answer to an idempotency key, given again.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// An answer to a call that writes. Its body depends upon what was stored with the idempotency key alone, so it is the
/// same again.
pub struct Reply<T> {
    pub status: StatusCode,
    pub replayed: bool,
    pub body: T,
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if self.replayed {
            mark_replayed(&mut response);
        }
        response
    }
}

pub fn mark_replayed(response: &mut Response) {
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
}
