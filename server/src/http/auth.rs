//! Accounts and sessions: signing up, in and out.

use axum::{Extension, Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tower_sessions::Session;
use utoipa::ToSchema;

use super::{input::Body, problem::Problem};
use crate::{
    identity::{ClientAddr, RequireUser},
    state::AppState,
};

/// The body of a sign-in. Without `Debug`, because it holds a password.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    #[schema(format = Email, examples("kim@example.com"))]
    email: String,
    #[schema(format = Password)]
    password: String,
}

/// The body of a sign-up. Without `Debug`, because it holds a password.
#[derive(Deserialize, ToSchema)]
pub struct NewAccount {
    #[schema(format = Email, max_length = 254, examples("kim@example.com"))]
    email: String,
    /// Not easily guessed, and not the e-mail address.
    #[schema(format = Password, min_length = 10, max_length = 128, examples("correct horse battery"))]
    password: String,
}

/// A new account, signed in.
#[derive(Serialize, ToSchema)]
pub struct AccountView {
    #[schema(format = "uuid")]
    tenant_id: String,
    email: String,
}

/// Signs up: makes a tenant and an account, and signs in.
#[utoipa::path(
    post, path = "/auth/accounts", tag = "auth", request_body = NewAccount,
    responses((status = 201, body = AccountView, headers(("Set-Cookie" = String, description = "The session")))),
)]
pub async fn create_account(
    State(state): State<AppState>,
    ClientAddr(from): ClientAddr,
    Extension(session): Extension<Session>,
    Body(wanted): Body<NewAccount>,
) -> Result<(StatusCode, Json<AccountView>), Problem> {
    let principal = state.identity.sign_up(&session, from, &wanted.email, wanted.password).await?;
    let account =
        AccountView { tenant_id: principal.tenant_id.to_string(), email: principal.email.as_str().to_owned() };
    Ok((StatusCode::CREATED, Json(account)))
}

/// Signs in.
#[utoipa::path(
    post, path = "/auth/session", tag = "auth", request_body = Credentials,
    responses((status = 204, description = "Signed in", headers(("Set-Cookie" = String, description = "The session")))),
)]
pub async fn create_session(
    State(state): State<AppState>,
    ClientAddr(from): ClientAddr,
    Extension(session): Extension<Session>,
    Body(credentials): Body<Credentials>,
) -> Result<StatusCode, Problem> {
    state.identity.sign_in(&session, from, &credentials.email, credentials.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs out.
#[utoipa::path(
    delete, path = "/auth/session", tag = "auth", security(("session" = [])),
    responses((status = 204, description = "Signed out", headers(("Set-Cookie" = String, description = "Removes the session")))),
)]
pub async fn delete_session(
    _: RequireUser,
    State(state): State<AppState>,
    Extension(session): Extension<Session>,
) -> Result<StatusCode, Problem> {
    state.identity.sign_out(&session).await?;
    Ok(StatusCode::NO_CONTENT)
}
