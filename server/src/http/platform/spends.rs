//! Spends and their reversals.

use axum::{Json, extract::State, http::StatusCode};
use billing::{
    ids::SpendId,
    wallet::{Booked, Command},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Body, ReversalBody, SpendBody, SpendsBody},
    extract::{ItemId, KnownTenant, Write, unexpected},
    refusal::PlatformProblem,
    reply::Reply,
    views::{FundsView, ReversalView, SpendView},
};
use crate::{http::problem::Problem, state::AppState};

/// A spend, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct SpendAnswer {
    spend: SpendView,
    #[serde(flatten)]
    funds: FundsView,
}

/// Spends, in the order of their lines, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct SpendsAnswer {
    spends: Vec<SpendView>,
    #[serde(flatten)]
    funds: FundsView,
}

/// A reversal, the spend as it then stands, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct SpendReversalAnswer {
    reversal: ReversalView,
    spend: SpendView,
    #[serde(flatten)]
    funds: FundsView,
}

/// Takes credits for good.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/spends", tag = "platform", request_body = SpendBody,
    responses((status = 201, body = SpendAnswer)),
)]
pub async fn create_spend(write: Write, Body(body): Body<SpendBody>) -> Result<Reply<SpendAnswer>, PlatformProblem> {
    let written = write.execute(Command::Spend(body.into())).await?;
    let Booked::Spend(spend) = written.booked else { return Err(unexpected()) };
    let body = SpendAnswer { spend: spend.into(), funds: written.funds.into() };
    Ok(Reply { status: StatusCode::CREATED, replayed: written.replayed, body })
}

/// Takes credits for up to 100 jobs: for all of them, or none.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/spends/bulk", tag = "platform", request_body = SpendsBody,
    responses((status = 201, body = SpendsAnswer)),
)]
pub async fn create_spends(write: Write, Body(body): Body<SpendsBody>) -> Result<Reply<SpendsAnswer>, PlatformProblem> {
    let written = write.execute(body.into()).await?;
    let Booked::Spends(spends) = written.booked else { return Err(unexpected()) };
    let spends = spends.into_iter().map(SpendView::from).collect();
    let body = SpendsAnswer { spends, funds: written.funds.into() };
    Ok(Reply { status: StatusCode::CREATED, replayed: written.replayed, body })
}

/// A spend as it stands, and what the tenant has.
#[utoipa::path(
    get, path = "/v1/tenants/{external_id}/spends/{id}", tag = "platform",
    responses((status = 200, body = SpendAnswer)),
)]
pub async fn get_spend(
    KnownTenant(tenant): KnownTenant,
    ItemId(id): ItemId<SpendId>,
    State(state): State<AppState>,
) -> Result<Json<SpendAnswer>, Problem> {
    let platform = &state.platform.platform;
    let spend = platform.spend(tenant.id, id).await?.ok_or(Problem::NOT_FOUND)?;
    let funds = platform.funds(tenant.id).await?;
    Ok(Json(SpendAnswer { spend: spend.into(), funds: funds.into() }))
}

/// Gives credits of a spend back.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/spends/{id}/reversals", tag = "platform", request_body = ReversalBody,
    responses((status = 201, body = SpendReversalAnswer)),
)]
pub async fn reverse_spend(
    write: Write,
    ItemId(spend): ItemId<SpendId>,
    Body(body): Body<ReversalBody>,
) -> Result<Reply<SpendReversalAnswer>, PlatformProblem> {
    let ReversalBody { credits, reason } = body;
    let written = write.execute(Command::ReverseSpend { spend, credits, reason }).await?;
    let Booked::SpendReversal { reversal, spend } = written.booked else { return Err(unexpected()) };
    let body = SpendReversalAnswer { reversal: reversal.into(), spend: spend.into(), funds: written.funds.into() };
    Ok(Reply { status: StatusCode::CREATED, replayed: written.replayed, body })
}
