//! Liveness and readiness.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::state::AppState;

/// The answer of a healthy process.
#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(examples("ok"))]
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// Answers while the process is alive.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    OK
}

/// The database can be reached, has every migration, and takes writes, no background task is late, and the process is
/// not about to stop. A header `X-Late-Tasks` names the tasks that are late.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Health)))]
pub async fn readyz(State(state): State<AppState>) -> Result<Json<Health>, Response> {
    if state.draining.is_cancelled() {
        return Err(Problem::SHUTTING_DOWN.into_response());
    }
    if !state.readiness.of(state.store.as_ref()).await {
        return Err(Problem::DATABASE_UNAVAILABLE.into_response());
    }
    let late = state.tasks.late();
    if late.is_empty() {
        return Ok(OK);
    }
    tracing::warn!(?late, "not ready: background tasks do not get on");
    Err(([("x-late-tasks", late.join(", "))], Problem::TASK_LATE).into_response())
}
