//! Answers of server functions: Leptos gives each error the status 500, and sends a plain form back to where it came
//! from. Here an error has its own status and code, and a form gets a page that says what is wrong.

use app::{PlainForm, ShopError, routes};
use axum::{
    body::to_bytes,
    extract::Request,
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};

use super::responses::accepts_html;
use crate::{http::problem::Problem, security};

/// Where the server functions are.
const PREFIX: &str = "/api/";

/// Gives the errors of server functions their status. A plain form, which waits for a page, is redirected to one.
pub async fn answer(mut request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let plain_form = accepts_html(request.headers());
    if plain_form {
        // Leptos would redirect it by its Referer.
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(PlainForm);
    }
    let response = next.run(request).await;
    let redirected = response.headers().contains_key(header::LOCATION);
    if redirected || !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // It is a problem of a few words.
    let Ok(body) = to_bytes(body, security::BODY_BYTES_MAX).await else { return Problem::INTERNAL.into_response() };
    let error = ShopError::de(body.clone());
    if plain_form {
        return Redirect::to(&page_about(error)).into_response();
    }
    parts.headers.remove(SERVER_FN_ERROR_HEADER);
    parts.status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // As the API's problems of the same status have it.
    let retry_after = match parts.status {
        StatusCode::SERVICE_UNAVAILABLE => Some("5"),
        StatusCode::TOO_MANY_REQUESTS => Some("60"),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        parts.headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
    }
    Response::from_parts(parts, body.into())
}

/// Where a form goes whose server function names no page itself: what it was sent could not be read, or no page sends
/// it.
fn page_about(error: ShopError) -> String {
    match error {
        ShopError::NotSignedIn => routes::sign_in(routes::SHOP),
        error => routes::with_error(routes::SHOP, error),
    }
}
