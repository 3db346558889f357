//! Whether the process lives, and whether it can work.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use crate::state::AppState;

/// All is well.
#[derive(Serialize, ToSchema)]
pub struct Health {
    #[schema(examples("ok"))]
    status: &'static str,
}

const OK: Json<Health> = Json(Health { status: "ok" });

/// The process lives.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    OK
}

/// The database can be reached, and every migration is applied.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Health)))]
pub async fn readyz(State(state): State<AppState>) -> Result<Json<Health>, Problem> {
    state.store.ready().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        Problem::DATABASE_UNAVAILABLE
    })?;
    Ok(OK)
}
