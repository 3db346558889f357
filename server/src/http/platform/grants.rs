//! Grants and their reversals.

use axum::http::StatusCode;
use billing::{
    ids::GrantId,
    wallet::{Booked, Command},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Body, GrantBody, ReversalBody},
    extract::{ItemId, Write, unexpected},
    refusal::PlatformProblem,
    reply::Reply,
    views::{FundsView, GrantView, ReversalView},
};

/// A grant, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct GrantAnswer {
    grant: GrantView,
    #[serde(flatten)]
    funds: FundsView,
}

/// A reversal, the grant as it then stands, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct GrantReversalAnswer {
    reversal: ReversalView,
    grant: GrantView,
    #[serde(flatten)]
    funds: FundsView,
}

/// Gives credits that nobody bought.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/grants", tag = "platform", request_body = GrantBody,
    responses((status = 201, body = GrantAnswer)),
)]
pub async fn create_grant(write: Write, Body(body): Body<GrantBody>) -> Result<Reply<GrantAnswer>, PlatformProblem> {
    let written = write.execute(body.into()).await?;
    let Booked::Grant(grant) = written.booked else { return Err(unexpected()) };
    let body = GrantAnswer { grant: grant.into(), funds: written.funds.into() };
    Ok(Reply { status: StatusCode::CREATED, replayed: written.replayed, body })
}

/// Takes credits of a grant back. May make the balance negative.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/grants/{id}/reversals", tag = "platform", request_body = ReversalBody,
    responses((status = 201, body = GrantReversalAnswer)),
)]
pub async fn reverse_grant(
    write: Write,
    ItemId(grant): ItemId<GrantId>,
    Body(body): Body<ReversalBody>,
) -> Result<Reply<GrantReversalAnswer>, PlatformProblem> {
    let ReversalBody { credits, reason } = body;
    let written = write.execute(Command::ReverseGrant { grant, credits, reason }).await?;
    let Booked::GrantReversal { reversal, grant } = written.booked else { return Err(unexpected()) };
    let body = GrantReversalAnswer { reversal: reversal.into(), grant: grant.into(), funds: written.funds.into() };
    Ok(Reply { status: StatusCode::CREATED, replayed: written.replayed, body })
}
