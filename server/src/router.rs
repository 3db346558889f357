//! The router: JSON API, forms, pages and static files, with the layers around them.

mod admin;
pub mod files;
mod page_cache;
mod query;
mod responses;
mod server_functions;
mod trace;

use app::context::RequestContext;
use axum::{
    Extension, Json, Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{Method, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get},
};
use billing::locale::Locale;
use leptos_axum::LeptosRoutes;
use tower::ServiceBuilder;
use tower_http::{
    CompressionLevel,
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    limit::RequestBodyLimitLayer,
    request_id::{PropagateRequestIdLayer, SetRequestIdLayer},
    timeout::TimeoutLayer,
};
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub use admin::admin;
use page_cache::PageCache;
use trace::{NewRequestId, REQUEST_ID};

use crate::{
    http::{
        auth, balance, checkout, consent, documents, forms, health, openapi, platform, problem::Problem, products,
        purchases, webhook,
    },
    identity::{identify, session_layer},
    page, security,
    state::AppState,
    telemetry,
};

/// The whole shop.
pub fn router(state: &AppState) -> Router {
    let around = ServiceBuilder::new()
        .layer(SetRequestIdLayer::new(REQUEST_ID, NewRequestId))
        .layer(trace::layer())
        .layer(PropagateRequestIdLayer::new(REQUEST_ID))
        .layer(middleware::from_fn_with_state(state.clone(), security::headers))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(middleware::from_fn(responses::set_cache_control))
        .layer(middleware::from_fn_with_state(state.clone(), responses::render_errors))
        .layer(CatchPanicLayer::custom(security::after_panic))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, security::REQUEST_TIME_MAX))
        .layer(security::forgery_guard(state));
    // The layers are around the router, not around each of its routes: a layer clones the inner service for each
    // request, and cloning a router is cheap.
    Router::new().fallback_service(around.service(routes(state)))
}

/// All routes, without the layers around them.
pub fn routes(state: &AppState) -> Router {
    let (api, document) = api(state);
    let document = Json(document);
    api.route("/billing/openapi.json", get(async move || document.clone()))
        .merge(languages())
        .merge(trailing_slashes())
        .merge(with_session(state, forms::routes().merge(pages(state)).merge(files(state))))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback_service(static_files(state))
        .layer(middleware::from_fn(telemetry::measure))
        .with_state(state.clone())
}

/// Redirects `/en` and `/en/PAGE` to the same page with `?lang=en`, for every method; likewise for the other languages.
fn languages() -> Router<AppState> {
    async fn in_language(uri: Uri) -> Redirect {
        let (tag, rest) = uri.path()[1..].split_once('/').unwrap_or((&uri.path()[1..], ""));
        let more = uri.query().map(|query| format!("&{query}")).unwrap_or_default();
        // With a second slash in front, the rest would name another host.
        Redirect::permanent(&format!("/{}?lang={tag}{more}", rest.trim_start_matches('/')))
    }
    Locale::ALL.into_iter().fold(Router::new(), |router, locale| {
        let root = format!("/{}", locale.as_str());
        router
            .route(&root, any(in_language))
            .route(&format!("{root}/"), any(in_language))
            .route(&format!("{root}/{{*rest}}"), any(in_language))
    })
}

/// Redirects a page's path with a trailing slash to the page, for every method. Matches only the paths of pages, so
/// that the target can never be another host.
fn trailing_slashes() -> Router<AppState> {
    async fn without_slash(uri: Uri) -> Redirect {
        let page = uri.path().trim_end_matches('/');
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        Redirect::permanent(&format!("{page}{query}"))
    }
    let pages = leptos_axum::generate_route_list(app::App);
    let pages = pages.iter().map(leptos_axum::AxumRouteListing::path).filter(|path| !path.ends_with('/'));
    pages.fold(Router::new(), |router, path| router.route(&format!("{path}/"), any(without_slash)))
}

/// The JSON API, and its description.
pub fn api(state: &AppState) -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let mut mine = OpenApiRouter::new()
        .routes(routes!(checkout::create_checkout_session))
        .routes(routes!(purchases::list_purchases))
        .routes(routes!(purchases::get_purchase))
        .routes(routes!(balance::get_balance))
        .routes(routes!(balance::stream_balance))
        .routes(routes!(auth::create_account))
        .routes(routes!(auth::create_session, auth::delete_session));
    if state.shop.settings.mock {
        mine = mine.routes(routes!(checkout::complete_checkout));
    }
    let (mine, mine_described) = mine.split_for_parts();
    let (open, mut document) = OpenApiRouter::with_openapi(openapi::Document::openapi())
        .routes(routes!(products::list_products))
        .routes(routes!(consent::get_consent))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .split_for_parts();
    let (hook, hook_described) = OpenApiRouter::new().routes(routes!(webhook::receive_webhook)).split_for_parts();
    let (platform, platform_described) = platform::routes(state);
    document.merge(mine_described);
    document.merge(hook_described);
    document.merge(platform_described);
    openapi::complete(&mut document, &state.site.session_cookie());

    let hook = hook.layer(DefaultBodyLimit::disable()).layer(RequestBodyLimitLayer::new(webhook::BODY_BYTES_MAX));
    (with_session(state, mine).merge(open).merge(hook).merge(platform), document)
}

/// Gives routes the session, the [`RequestContext`], and the limit on the body's size.
fn with_session(state: &AppState, routes: Router<AppState>) -> Router<AppState> {
    let sessions = session_layer(state.accounts.clone(), state.clock.clone(), &state.site);
    let context = ServiceBuilder::new()
        .layer(DefaultBodyLimit::disable())
        .layer(sessions)
        .layer(middleware::from_fn_with_state(state.clone(), identify));
    routes.layer(context).layer(RequestBodyLimitLayer::new(security::BODY_BYTES_MAX))
}

/// The pages, and the server functions.
fn pages(state: &AppState) -> Router<AppState> {
    let shell = {
        let state = state.clone();
        move || app::shell(state.leptos.clone())
    };
    let addresses = leptos_axum::generate_route_list(app::App);
    Router::new().leptos_routes_with_context(state, addresses, page::context(state), shell).layer(
        ServiceBuilder::new()
            .layer(middleware::from_fn(query::check))
            .layer(middleware::from_fn(redirect_to_sign_in))
            .layer(middleware::from_fn_with_state(PageCache::default(), page_cache::cached_page))
            .layer(middleware::map_response(page::markup::make_valid))
            .layer(middleware::from_fn(server_functions::answer)),
    )
}

/// The downloads. A missing one is the not-found page.
fn files(state: &AppState) -> Router<AppState> {
    Router::new()
        .route("/purchases/{id}/receipt.pdf", get(documents::receipt_pdf))
        .route("/purchases.csv", get(documents::history_csv))
        .route("/ledger.csv", get(documents::ledger_csv))
        .layer(middleware::from_fn_with_state(state.clone(), or_not_found_page))
        .layer(middleware::from_fn(redirect_to_sign_in))
}

async fn or_not_found_page(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let again = Request::from_parts(parts.clone(), Body::empty());
    let response = next.run(Request::from_parts(parts, body)).await;
    if response.status() == StatusCode::NOT_FOUND { not_found(State(state), again).await } else { response }
}

/// Redirects to the sign-in page, and from there back, where a page needs a user and nobody is signed in.
async fn redirect_to_sign_in(Extension(context): Extension<RequestContext>, request: Request, next: Next) -> Response {
    let uri = request.uri();
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reading
        || context.principal.is_some()
        || !app::routes::needs_sign_in(uri.path(), uri.query().unwrap_or_default())
    {
        return next.run(request).await;
    }
    let wanted = uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    Redirect::to(&app::routes::sign_in(wanted)).into_response()
}

/// The files of the site's root, and the not-found page for all other addresses.
fn static_files(state: &AppState) -> Router {
    let not_found = with_session(state, Router::new().fallback(not_found)).with_state(state.clone());
    files::serve(&state.leptos, not_found)
}

/// Answers with the not-found page, or with a problem document for the API and for forms.
async fn not_found(State(state): State<AppState>, request: Request) -> Response {
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reading || responses::is_api(request.uri().path()) || request.uri().path_and_query().is_none() {
        return Problem::NOT_FOUND.into_response();
    }
    let mut page = page::render(&state, request).await;
    if page.status() == StatusCode::OK {
        *page.status_mut() = StatusCode::NOT_FOUND;
    }
    page
}
