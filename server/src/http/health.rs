//! Liveness and readiness.

use std::time::Duration;

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use billing::store::Store;
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};
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

/// The last answer of the database's check. The check writes, and anybody may call here, so an answer is kept for a second.
#[derive(Default)]
pub struct Readiness(Mutex<Option<(Instant, bool)>>);

/// How long an answer is used again.
const GOOD_FOR: Duration = Duration::from_secs(1);

impl Readiness {
    /// Checks the database, unless that was done within the last second.
    async fn of(&self, store: &dyn Store) -> bool {
        let mut last = self.0.lock().await;
        if let Some((at, ready)) = *last
            && at.elapsed() < GOOD_FOR
        {
            return ready;
        }
        let asked = store.ready().await;
        if let Err(error) = &asked {
            tracing::warn!(%error, "not ready");
        }
        *last = Some((Instant::now(), asked.is_ok()));
        asked.is_ok()
    }
}

/// The database can be reached, has every migration, and takes writes, and the background tasks get on. A header
/// `X-Late-Tasks` names those that do not.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, body = Health)))]
pub async fn readyz(State(state): State<AppState>) -> Result<Json<Health>, Response> {
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
