//! Pages, as Leptos renders them.

pub mod markup;

use app::context::{Entered, RequestContext};
use axum::{
    body::Body,
    extract::Request,
    http::{Method, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::{StreamExt, stream};
use leptos::{
    nonce::Nonce,
    prelude::{RenderHtml, provide_context, use_context},
};

use crate::{http::problem::Problem, state::AppState};

/// Provides the Leptos context of pages and server functions.
pub fn context(state: &AppState) -> impl Fn() + Clone + Send + Sync + 'static {
    let state = state.clone();
    move || {
        provide_context(state.shop.clone());
        if let Some(parts) = use_context::<Parts>() {
            if let Some(context) = parts.extensions.get::<RequestContext>() {
                provide_context(context.clone());
            }
            if let Some(entered) = parts.extensions.get::<Entered>() {
                provide_context(entered.clone());
            }
            // Replaces the nonce of Leptos by the one in the response's header.
            if let Some(nonce) = parts.extensions.get::<Nonce>() {
                provide_context(nonce.clone());
            }
        }
    }
}

/// Renders the page at the request's address.
pub async fn render(state: &AppState, request: Request) -> Response {
    let options = state.leptos.clone();
    let page = leptos_axum::handle_response_inner(
        context(state),
        move || app::shell(options),
        request,
        |app, chunks, _| {
            Box::pin(async move {
                let html = app.to_html_stream_in_order().collect::<String>().await;
                Box::pin(stream::once(async move { html }).chain(chunks())) as _
            })
        },
    )
    .await;
    markup::make_valid(page).await
}

/// Renders a form's page again after the form was refused, with the reason and the values that were entered. `request`
/// is the form's own; `address` is the page's path, with the reason in its query.
///
/// # Errors
///
/// When `address` is not a valid URI.
pub async fn form_again(
    state: &AppState,
    request: Parts,
    address: &str,
    entered: Entered,
    problem: Problem,
) -> Result<Response, Problem> {
    let mut again = Request::new(Body::empty());
    *again.method_mut() = Method::GET;
    *again.uri_mut() = address.parse::<Uri>().map_err(|_| Problem::BAD_REQUEST)?;
    *again.headers_mut() = request.headers;
    *again.extensions_mut() = request.extensions;
    again.extensions_mut().insert(entered);
    let mut page = render(state, again).await;
    let refusal = problem.into_response();
    *page.status_mut() = refusal.status();
    if let Some(wait) = refusal.headers().get(header::RETRY_AFTER) {
        page.headers_mut().insert(header::RETRY_AFTER, wait.clone());
    }
    Ok(page)
}
