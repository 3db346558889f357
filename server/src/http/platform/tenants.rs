//! Tenants and their balances.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use billing::{ids::TenantId, wallet::Funds};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use utoipa::{IntoParams, ToSchema};

use super::{
    body::{Body, TenantBody},
    extract::{KnownTenant, NewExternalId},
    refusal::PlatformProblem,
    views::{FundsView, TenantView},
};
use crate::{
    http::{input::Params, problem::Problem},
    state::AppState,
};

/// How long a balance is waited for that is new enough.
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(2);
const READ_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A tenant.
#[derive(Serialize, ToSchema)]
pub struct TenantAnswer {
    tenant: TenantView,
}

/// A tenant, and what it has.
#[derive(Serialize, ToSchema)]
pub struct TenantFundsAnswer {
    tenant: TenantView,
    #[serde(flatten)]
    funds: FundsView,
}

/// Makes a tenant known, or writes what is known of it. The same again changes nothing.
#[utoipa::path(
    put, path = "/v1/tenants/{external_id}", tag = "platform", request_body = TenantBody,
    responses(
        (status = 200, description = "It was known", body = TenantAnswer),
        (status = 201, description = "It is new", body = TenantAnswer),
    ),
)]
pub async fn put_tenant(
    NewExternalId(external_id): NewExternalId,
    State(state): State<AppState>,
    Body(profile): Body<TenantBody>,
) -> Result<(StatusCode, Json<TenantAnswer>), PlatformProblem> {
    let upserted = state.platform.platform.upsert_tenant(&external_id, &profile.into()).await?;
    let status = if upserted.created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(TenantAnswer { tenant: upserted.tenant.into() })))
}

/// A tenant, and what it has.
#[utoipa::path(
    get, path = "/v1/tenants/{external_id}", tag = "platform",
    responses((status = 200, body = TenantFundsAnswer)),
)]
pub async fn get_tenant(
    KnownTenant(tenant): KnownTenant,
    State(state): State<AppState>,
) -> Result<Json<TenantFundsAnswer>, Problem> {
    let funds = state.platform.platform.funds(tenant.id).await?;
    Ok(Json(TenantFundsAnswer { tenant: tenant.into(), funds: funds.into() }))
}

/// How new a balance has to be.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BalanceParams {
    /// The answer is not older than this `seq` of another answer.
    #[param(value_type = Option<i64>, minimum = 0)]
    min_seq: Option<String>,
}

impl BalanceParams {
    fn read(&self) -> Option<i64> {
        match self.min_seq.as_deref() {
            None => Some(0),
            Some(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
            Some(_) => None,
        }
    }
}

/// What a tenant has.
#[utoipa::path(
    get, path = "/v1/tenants/{external_id}/balance", tag = "platform", params(BalanceParams),
    responses((status = 200, body = FundsView)),
)]
pub async fn get_tenant_balance(
    KnownTenant(tenant): KnownTenant,
    Params(params): Params<BalanceParams>,
    State(state): State<AppState>,
) -> Result<Json<FundsView>, Problem> {
    let min_seq = params.read().ok_or(Problem::INVALID_QUERY)?;
    Ok(Json(funds_since(&state, tenant.id, min_seq).await?.into()))
}

/// Every read goes to the primary, so it is new enough at once, unless `min_seq` comes from elsewhere.
async fn funds_since(state: &AppState, tenant: TenantId, min_seq: i64) -> Result<Funds, Problem> {
    let until = Instant::now() + CAUGHT_UP_WITHIN;
    loop {
        let funds = state.platform.platform.funds(tenant).await?;
        if funds.seq >= min_seq {
            return Ok(funds);
        }
        if Instant::now() >= until {
            return Err(Problem::NOT_CAUGHT_UP);
        }
        sleep(READ_AGAIN_AFTER).await;
    }
}
