//! Plain HTML forms. Each is answered by a redirect or, if it is refused, by its page with the values that were
//! entered.

use app::{
    context::{Entered, RequestContext},
    routes::local_path,
};
use axum::{
    Extension, Form, Router,
    extract::{FromRequest, Request, State, rejection::FormRejection},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
    routing::post,
};
use billing::{locale::Locale, withdrawal::Declaration};
use serde::{Deserialize, de::DeserializeOwned};
use tower_sessions::Session;

use super::problem::Problem;
use crate::{
    identity::{ClientAddr, locale_cookie},
    page::form_again,
    state::AppState,
};

/// The forms' targets.
pub fn routes() -> Router<AppState> {
    Router::new()
        .route("/signin", post(sign_in))
        .route("/signup", post(sign_up))
        .route("/signout", post(sign_out))
        .route("/locale", post(set_locale))
        .route("/withdraw", post(withdraw))
}

/// A form's fields.
struct Fields<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Fields<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Form::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(FormRejection::InvalidFormContentType(_)) => Err(Problem::UNSUPPORTED_MEDIA_TYPE),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => Err(Problem::BODY_TOO_LARGE),
            Err(_) => Err(Problem::BAD_REQUEST),
        }
    }
}

#[derive(Deserialize)]
struct Credentials {
    email: String,
    password: String,
    next: Option<String>,
}

async fn sign_in(
    State(state): State<AppState>,
    ClientAddr(from): ClientAddr,
    Extension(session): Extension<Session>,
    request: Parts,
    Fields(form): Fields<Credentials>,
) -> Result<Response, Problem> {
    let Credentials { email, password, next } = form;
    let signed_in = state.identity.sign_in(&session, from, &email, password).await;
    after(&state, request, email, next, signed_in.map(|_| ())).await
}

async fn sign_up(
    State(state): State<AppState>,
    ClientAddr(from): ClientAddr,
    Extension(session): Extension<Session>,
    request: Parts,
    Fields(form): Fields<Credentials>,
) -> Result<Response, Problem> {
    let Credentials { email, password, next } = form;
    let signed_up = state.identity.sign_up(&session, from, &email, password).await;
    after(&state, request, email, next, signed_up.map(|_| ())).await
}

/// Redirects to `next`, or renders the form again with what was wrong.
async fn after(
    state: &AppState,
    request: Parts,
    email: String,
    next: Option<String>,
    done: Result<(), Problem>,
) -> Result<Response, Problem> {
    let next = next.as_deref().and_then(local_path);
    let Err(problem) = done else { return Ok(Redirect::to(next.unwrap_or("/")).into_response()) };
    refused(state, request, problem, next, Entered { email, ..Entered::default() }).await
}

/// Renders the form's page again, at the address that the form is sent to.
async fn refused(
    state: &AppState,
    request: Parts,
    problem: Problem,
    next: Option<&str>,
    entered: Entered,
) -> Result<Response, Problem> {
    if problem.status.is_server_error() {
        return Err(problem);
    }
    let says = [("error", problem.code)].into_iter().chain(next.map(|next| ("next", next)));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(says).finish();
    let address = format!("{}?{query}", request.uri.path());
    form_again(state, request, &address, entered, problem).await
}

async fn sign_out(State(state): State<AppState>, Extension(session): Extension<Session>) -> Result<Redirect, Problem> {
    state.identity.sign_out(&session).await?;
    Ok(Redirect::to("/"))
}

#[derive(Deserialize)]
struct WithdrawalForm {
    name: String,
    contract: String,
    email: String,
}

/// Needs no session, because the law wants it easily accessible (§ 356a (1) BGB).
async fn withdraw(
    State(state): State<AppState>,
    ClientAddr(from): ClientAddr,
    Extension(context): Extension<RequestContext>,
    request: Parts,
    Fields(form): Fields<WithdrawalForm>,
) -> Result<Response, Problem> {
    let WithdrawalForm { name, contract, email } = form;
    let declaration = Declaration::new(&name, &contract, &email).map_err(|_| Problem::INCOMPLETE_WITHDRAWAL);
    let allowed = declaration.and_then(|declaration| {
        state.identity.may_write_to(from, &declaration.email)?;
        Ok(declaration)
    });
    match allowed {
        Ok(declaration) => {
            let withdrawal =
                state.shop.billing.withdraw(declaration, context.locale, context.principal.as_ref()).await?;
            Ok(Redirect::to(&format!("/withdraw?received={}", withdrawal.id)).into_response())
        }
        Err(problem) => refused(&state, request, problem, None, Entered { name, contract, email }).await,
    }
}

#[derive(Deserialize)]
struct LocaleChoice {
    locale: Locale,
    next: Option<String>,
}

async fn set_locale(State(state): State<AppState>, Fields(form): Fields<LocaleChoice>) -> Result<Response, Problem> {
    let cookie = locale_cookie(form.locale, &state.site)?;
    let next = form.next.as_deref().and_then(local_path).unwrap_or("/");
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(next)).into_response())
}
