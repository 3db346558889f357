//! The platform API: what a platform's server calls under `/v1`, with an API key.
//!
//! [`CALLS`] says which scope each call needs; [`authenticate`](auth::authenticate) refuses a call that is not in it. No
//! session is loaded here, and no cookie read.

mod auth;
mod body;
mod entries;
mod extract;
mod grants;
mod holds;
pub(super) mod openapi;
mod refusal;
mod reply;
mod spends;
mod tenants;
mod views;

use axum::{Router, extract::DefaultBodyLimit, http::Method, middleware, routing::any};
use billing::api_key::Scope;
use tower_http::limit::RequestBodyLimitLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::Problem;
use crate::state::AppState;

/// The largest body of a call: a hundred spends with some details each.
pub const BODY_BYTES_MAX: usize = 256 * 1024;

/// A call of the platform API.
#[derive(Debug)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// The template of its path.
    pub path: &'static str,
    /// What the API key must be allowed to do.
    pub scope: Scope,
}

impl Call {
    /// Whether it needs an idempotency key.
    pub fn is_keyed(&self) -> bool {
        self.method == Method::POST
    }

    /// The call of that method and template.
    pub fn find(method: &Method, path: &str) -> Option<&'static Self> {
        let method = if method == Method::HEAD { &Method::GET } else { method };
        CALLS.iter().find(|call| call.method == *method && call.path == path)
    }
}

const fn call(method: Method, path: &'static str, scope: Scope) -> Call {
    Call { method, path, scope }
}

/// Every call.
pub static CALLS: [Call; 16] = [
    call(Method::PUT, "/v1/tenants/{external_id}", Scope::TenantsWrite),
    call(Method::GET, "/v1/tenants/{external_id}", Scope::BalanceRead),
    call(Method::GET, "/v1/tenants/{external_id}/balance", Scope::BalanceRead),
    call(Method::GET, "/v1/tenants/{external_id}/entries", Scope::BalanceRead),
    call(Method::GET, "/v1/tenants/{external_id}/purchases", Scope::BalanceRead),
    call(Method::POST, "/v1/tenants/{external_id}/spends", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/spends/bulk", Scope::Spend),
    call(Method::GET, "/v1/tenants/{external_id}/spends/{id}", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/spends/{id}/reversals", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/holds", Scope::Spend),
    call(Method::GET, "/v1/tenants/{external_id}/holds/{id}", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/holds/{id}/capture", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/holds/{id}/release", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/holds/{id}/extend", Scope::Spend),
    call(Method::POST, "/v1/tenants/{external_id}/grants", Scope::Grant),
    call(Method::POST, "/v1/tenants/{external_id}/grants/{id}/reversals", Scope::Grant),
];

/// The calls, and their description.
pub fn routes(state: &AppState) -> (Router<AppState>, utoipa::openapi::OpenApi) {
    let (calls, document) = OpenApiRouter::new()
        .routes(routes!(tenants::put_tenant, tenants::get_tenant))
        .routes(routes!(tenants::get_tenant_balance))
        .routes(routes!(entries::list_tenant_entries))
        .routes(routes!(entries::list_tenant_purchases))
        .routes(routes!(spends::create_spend))
        .routes(routes!(spends::create_spends))
        .routes(routes!(spends::get_spend))
        .routes(routes!(spends::reverse_spend))
        .routes(routes!(holds::create_hold))
        .routes(routes!(holds::get_hold))
        .routes(routes!(holds::capture_hold))
        .routes(routes!(holds::release_hold))
        .routes(routes!(holds::extend_hold))
        .routes(routes!(grants::create_grant))
        .routes(routes!(grants::reverse_grant))
        .split_for_parts();
    let calls = calls
        .route_layer(middleware::from_fn_with_state(state.clone(), auth::authenticate))
        .layer(DefaultBodyLimit::disable())
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX));
    // Otherwise the not-found page would load the session.
    let unknown = Router::new().route("/v1/{*rest}", any(async || Problem::NOT_FOUND));
    (calls.merge(unknown), document)
}
