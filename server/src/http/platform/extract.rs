//! What the calls read from path and headers.

use std::{collections::HashMap, str::FromStr};

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use billing::{
    api_key::ApiKey,
    ids::TenantId,
    tenant::{ExternalId, Tenant},
    wallet::{Booked, Command, DailyCap, Funds, IdempotencyKey, Outcome, Request},
};

use super::{auth::Caller, refusal::PlatformProblem};
use crate::{http::problem::Problem, state::AppState};

/// The tenant of the path. An external id that can be none is as unknown as any other.
pub struct KnownTenant(pub Tenant);

impl FromRequestParts<AppState> for KnownTenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let external_id = external_id(parts, state).await.ok_or(Problem::NOT_FOUND)?;
        let tenant = state.platform.platform.tenant(&external_id).await?;
        tenant.map(Self).ok_or(Problem::NOT_FOUND)
    }
}

/// The external id of the path, whether there is a tenant of it or not.
pub struct NewExternalId(pub ExternalId);

impl FromRequestParts<AppState> for NewExternalId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        external_id(parts, state).await.map(Self).ok_or(Problem::INVALID_EXTERNAL_ID)
    }
}

/// The id of a hold, spend or grant in the path. One that cannot be read is as unknown as any other.
pub struct ItemId<T>(pub T);

impl<T: FromStr> FromRequestParts<AppState> for ItemId<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let id = parameter(parts, state, "id").await.and_then(|id| id.parse().ok());
        id.map(Self).ok_or(Problem::NOT_FOUND)
    }
}

async fn external_id(parts: &mut Parts, state: &AppState) -> Option<ExternalId> {
    ExternalId::try_from(parameter(parts, state, "external_id").await?).ok()
}

async fn parameter(parts: &mut Parts, state: &AppState, name: &str) -> Option<String> {
    let Path(mut parameters) = Path::<HashMap<String, String>>::from_request_parts(parts, state).await.ok()?;
    parameters.remove(name)
}

/// A call that writes to a tenant's wallet.
pub struct Write {
    state: AppState,
    tenant: TenantId,
    key: IdempotencyKey,
    caller: ApiKey,
}

impl FromRequestParts<AppState> for Write {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let Caller(caller) = parts.extensions.get().cloned().ok_or(Problem::API_KEY_REQUIRED)?;
        let key = idempotency_key(parts)?;
        let external_id = external_id(parts, state).await.ok_or(Problem::NOT_FOUND)?;
        let tenant = state.platform.tenant_id(&external_id).await?.ok_or(Problem::NOT_FOUND)?;
        Ok(Self { state: state.clone(), tenant, key, caller })
    }
}

fn idempotency_key(parts: &Parts) -> Result<IdempotencyKey, Problem> {
    let mut values = parts.headers.get_all("idempotency-key").iter();
    let value = values.next().ok_or(Problem::IDEMPOTENCY_KEY_REQUIRED)?;
    let text = value.to_str().ok().filter(|_| values.next().is_none()).ok_or(Problem::INVALID_IDEMPOTENCY_KEY)?;
    IdempotencyKey::try_from(text.to_owned()).map_err(|_| Problem::INVALID_IDEMPOTENCY_KEY)
}

/// What was written, now or when the idempotency key was first used.
pub struct Written {
    pub booked: Booked,
    pub funds: Funds,
    pub replayed: bool,
}

/// The answer when something else was booked than the call asks for.
pub fn unexpected() -> PlatformProblem {
    tracing::error!("an outcome does not belong to its call");
    Problem::INTERNAL.into()
}

impl Write {
    /// Executes the command, and answers after the commit.
    pub async fn execute(self, command: Command) -> Result<Written, PlatformProblem> {
        let mut request = Request::new(self.tenant, self.key, command, self.caller.name);
        request.api_key = Some(self.caller.id);
        request.daily_cap = self.caller.daily_cap.map(|credits| DailyCap { api_key: self.caller.id, credits });
        let answer = self.state.platform.execute(request).await?;
        match answer.outcome {
            Outcome::Done { written, funds } => Ok(Written { booked: *written, funds, replayed: answer.replayed }),
            Outcome::Refused(refusal) => Err(PlatformProblem::refused(refusal, answer.replayed, &self.state)),
        }
    }
}
