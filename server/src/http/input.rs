//! Strict extractors: an invalid request is answered by a problem document.

use std::error::Error;

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
};
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A JSON body. Unknown members are ignored.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Json::from_request(request, state).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::MissingJsonContentType(_)) => Err(Problem::UNSUPPORTED_MEDIA_TYPE),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::BODY_TOO_LARGE),
            Err(_) => Err(Problem::MALFORMED_BODY),
        }
    }
}

/// The problem of a body that could not be read to its end: it is too long, was cut off, or has a malformed encoding.
pub fn unreadable(error: &axum::Error) -> Problem {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if error.is::<LengthLimitError>() {
            return Problem::BODY_TOO_LARGE;
        }
        cause = error.source();
    }
    Problem::MALFORMED_BODY
}

/// An id at the end of the path. An invalid one is answered like an unknown one.
#[derive(Debug)]
pub struct Id<T>(pub T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(Path(text)) = Path::<String>::from_request_parts(parts, state).await else {
            return Err(Problem::NOT_FOUND);
        };
        text.parse().map(Self).map_err(|_| Problem::NOT_FOUND)
    }
}

/// The query's parameters.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::from_request_parts(parts, state).await;
        query.map(|Query(params)| Self(params)).map_err(|_| Problem::INVALID_QUERY)
    }
}

const PAGE_LIMIT_DEFAULT: u32 = 20;

/// How many items a page shows: 1 to `max`, and 20 unless given; `None` when it is something else.
pub fn page_limit(text: Option<&str>, max: u32) -> Option<u32> {
    match text {
        None => Some(PAGE_LIMIT_DEFAULT),
        // `u32::from_str` would accept a sign.
        Some(text) if !text.bytes().all(|byte| byte.is_ascii_digit()) => None,
        Some(text) => text.parse().ok().filter(|limit| (1..=max).contains(limit)),
    }
}
