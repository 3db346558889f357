//! Holds: made, captured, released, extended.

use axum::{Json, extract::State, http::StatusCode};
use billing::{
    ids::HoldId,
    wallet::{Booked, Command},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Body, CaptureBody, CaptureCredits, ExtendBody, HoldBody},
    extract::{ItemId, KnownTenant, Write, Written, unexpected},
    refusal::PlatformProblem,
    reply::Reply,
    views::{FundsView, HoldView, SpendView},
};
use crate::{http::problem::Problem, state::AppState};

/// A hold, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct HoldAnswer {
    hold: HoldView,
    #[serde(flatten)]
    funds: FundsView,
}

/// A hold as it then stands, what was spent of it, and what the tenant has.
#[derive(Serialize, ToSchema)]
pub struct CaptureAnswer {
    hold: HoldView,
    /// Null when 0 credits were captured.
    spend: Option<SpendView>,
    #[serde(flatten)]
    funds: FundsView,
}

/// Sets credits aside for a job.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/holds", tag = "platform", request_body = HoldBody,
    responses((status = 201, body = HoldAnswer)),
)]
pub async fn create_hold(write: Write, Body(body): Body<HoldBody>) -> Result<Reply<HoldAnswer>, PlatformProblem> {
    hold_reply(StatusCode::CREATED, write.execute(body.into()).await?)
}

/// A hold as it stands, and what the tenant has.
#[utoipa::path(
    get, path = "/v1/tenants/{external_id}/holds/{id}", tag = "platform",
    responses((status = 200, body = HoldAnswer)),
)]
pub async fn get_hold(
    KnownTenant(tenant): KnownTenant,
    ItemId(id): ItemId<HoldId>,
    State(state): State<AppState>,
) -> Result<Json<HoldAnswer>, Problem> {
    let platform = &state.platform.platform;
    let hold = platform.hold(tenant.id, id).await?.ok_or(Problem::NOT_FOUND)?;
    let funds = platform.funds(tenant.id).await?;
    Ok(Json(HoldAnswer { hold: hold.into(), funds: funds.into() }))
}

/// Spends from a hold. A hold whose time is over is an ordinary spend, if the available credits cover it.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/holds/{id}/capture", tag = "platform", request_body = CaptureBody,
    responses((status = 200, body = CaptureAnswer)),
)]
pub async fn capture_hold(
    write: Write,
    ItemId(hold): ItemId<HoldId>,
    Body(body): Body<CaptureBody>,
) -> Result<Reply<CaptureAnswer>, PlatformProblem> {
    let last = body.last.unwrap_or(true);
    let command = match body.credits {
        // The rest would stay held, and be released all the same.
        Some(CaptureCredits::None) if !last => return Err(Problem::INVALID_FINAL.into()),
        Some(CaptureCredits::None) => Command::Release { hold },
        Some(CaptureCredits::Some(credits)) => {
            Command::Capture { hold, credits: Some(credits), last, description: body.into_description() }
        }
        None => Command::Capture { hold, credits: None, last, description: body.into_description() },
    };
    let written = write.execute(command).await?;
    let (hold, spend) = match written.booked {
        Booked::Capture { hold, spend } => (hold, Some(spend.into())),
        Booked::Hold(hold) => (hold, None),
        _ => return Err(unexpected()),
    };
    let body = CaptureAnswer { hold: hold.into(), spend, funds: written.funds.into() };
    Ok(Reply { status: StatusCode::OK, replayed: written.replayed, body })
}

/// Lets a hold go. One that is released already stays as it is.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/holds/{id}/release", tag = "platform",
    responses((status = 200, body = HoldAnswer)),
)]
pub async fn release_hold(write: Write, ItemId(hold): ItemId<HoldId>) -> Result<Reply<HoldAnswer>, PlatformProblem> {
    hold_reply(StatusCode::OK, write.execute(Command::Release { hold }).await?)
}

/// Gives a hold a new end, and perhaps more credits. One whose time is over is set aside again.
#[utoipa::path(
    post, path = "/v1/tenants/{external_id}/holds/{id}/extend", tag = "platform", request_body = ExtendBody,
    responses((status = 200, body = HoldAnswer)),
)]
pub async fn extend_hold(
    write: Write,
    ItemId(hold): ItemId<HoldId>,
    Body(body): Body<ExtendBody>,
) -> Result<Reply<HoldAnswer>, PlatformProblem> {
    let command = Command::Extend { hold, ttl: body.ttl_seconds, credits: body.credits };
    hold_reply(StatusCode::OK, write.execute(command).await?)
}

fn hold_reply(status: StatusCode, written: Written) -> Result<Reply<HoldAnswer>, PlatformProblem> {
    let Booked::Hold(hold) = written.booked else { return Err(unexpected()) };
    let body = HoldAnswer { hold: hold.into(), funds: written.funds.into() };
    Ok(Reply { status, replayed: written.replayed, body })
}
