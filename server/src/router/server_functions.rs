//! The answers of server functions. Leptos answers every error with 500, and redirects plain forms to their Referer.
//! This layer answers errors by problem documents, and shows plain forms a page that says what is wrong.

use app::{PlainForm, ShopError, context::RequestContext, routes};
use axum::{
    Extension,
    body::to_bytes,
    extract::Request,
    http::{HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::server_fn::error::{FromServerFnError, SERVER_FN_ERROR_HEADER};

use super::responses::accepts_html;
use crate::{http::problem::Problem, security};

/// The path prefix of the server functions.
const PREFIX: &str = "/api/";

/// Answers the errors of server functions by problem documents, and redirects plain forms to a page. Server functions
/// require a signed-in user: without one, no other error is reported.
pub async fn answer(Extension(context): Extension<RequestContext>, mut request: Request, next: Next) -> Response {
    if *request.method() != Method::POST || !request.uri().path().starts_with(PREFIX) {
        return next.run(request).await;
    }
    let signed_in = context.principal.is_some();
    let plain_form = accepts_html(request.headers());
    if plain_form {
        // Keeps Leptos from redirecting the form to its Referer.
        request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(PlainForm);
    } else if !signed_in {
        return Problem::NOT_SIGNED_IN.into_response();
    }
    let response = next.run(request).await;
    let redirected = response.headers().contains_key(header::LOCATION);
    if redirected || !response.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return response;
    }
    // The body is the error's code.
    let Ok(body) = to_bytes(response.into_body(), security::BODY_BYTES_MAX).await else {
        return Problem::INTERNAL.into_response();
    };
    let error = if signed_in { ShopError::de(body) } else { ShopError::NotSignedIn };
    if plain_form { Redirect::to(&page_about(error)).into_response() } else { Problem::from(error).into_response() }
}

/// The page that a form is redirected to if its server function names none: the input could not be read, or no page has
/// such a form.
fn page_about(error: ShopError) -> String {
    match error {
        ShopError::NotSignedIn => routes::sign_in(routes::SHOP),
        error => routes::with_error(routes::SHOP, error),
    }
}
