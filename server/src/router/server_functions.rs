//! The answers of server functions. Leptos answers every error with 500, and redirects plain forms to their Referer.
//! This layer gives each error its own status and code, and shows plain forms a page that says what is wrong.

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

/// The path prefix of the server functions.
const PREFIX: &str = "/api/";

/// Gives the errors of server functions their status, and redirects plain forms to a page.
pub async fn answer(mut request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let plain_form = accepts_html(request.headers());
    if plain_form {
        // Keeps Leptos from redirecting the form to its Referer.
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(PlainForm);
    }
    let response = next.run(request).await;
    let redirected = response.headers().contains_key(header::LOCATION);
    if redirected || !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // The body is a short problem document.
    let Ok(body) = to_bytes(body, security::BODY_BYTES_MAX).await else { return Problem::INTERNAL.into_response() };
    let error = ShopError::de(body.clone());
    if plain_form {
        return Redirect::to(&page_about(error)).into_response();
    }
    parts.headers.remove(SERVER_FN_ERROR_HEADER);
    parts.status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    // The same as in the API's problem with this status.
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

/// The page that a form is redirected to if its server function names none: the input could not be read, or no page has
/// such a form.
fn page_about(error: ShopError) -> String {
    match error {
        ShopError::NotSignedIn => routes::sign_in(routes::SHOP),
        error => routes::with_error(routes::SHOP, error),
    }
}
