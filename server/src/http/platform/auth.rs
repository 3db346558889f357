//! Who calls: the API key, whether it works, and what it may do.

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use billing::api_key::ApiKey;

use super::Call;
use crate::{http::problem::Problem, identity::ApiKeySecret, state::AppState};

/// The API key of the call, as an extension of the request.
#[derive(Clone)]
pub struct Caller(pub ApiKey);

/// On an answer: the API key was looked at in the transaction that decided upon the request.
#[derive(Clone, Copy)]
pub struct KeyChecked;

/// Lets a call through whose API key may make it. A revocation counts at once in every process: the key is looked up at each
/// call. For a call that writes to a wallet the transaction does it; whatever refuses the request earlier could tell the
/// holder of a revoked key something, so the key is looked up before that answer is given.
pub async fn authenticate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let (call, secret) = match credentials(&request) {
        Ok(credentials) => credentials,
        Err(problem) => return challenged(problem, problem.into_response()),
    };
    match find_caller(&state, call, &secret).await {
        Ok(caller) => request.extensions_mut().insert(caller),
        Err(problem) => return challenged(problem, problem.into_response()),
    };
    let response = next.run(request).await;
    let is_unchecked =
        call.is_keyed() && response.status().is_client_error() && response.extensions().get::<KeyChecked>().is_none();
    if is_unchecked && let Err(problem) = look_up(&state, &secret).await {
        return challenged(problem, problem.into_response());
    }
    response
}

async fn look_up(state: &AppState, secret: &ApiKeySecret) -> Result<ApiKey, Problem> {
    state.platform.platform.api_key(&secret.hash()).await?.ok_or(Problem::INVALID_API_KEY)
}

fn credentials(request: &Request) -> Result<(&'static Call, ApiKeySecret), Problem> {
    let path = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let call = path.and_then(|path| Call::find(request.method(), path)).ok_or(Problem::METHOD_NOT_ALLOWED)?;
    Ok((call, bearer(request.headers())?))
}

async fn find_caller(state: &AppState, call: &Call, secret: &ApiKeySecret) -> Result<Caller, Problem> {
    let service = &state.platform;
    if secret.mode() != service.key_mode {
        return Err(Problem::WRONG_MODE);
    }
    let key = if call.is_keyed() {
        service.known_api_key(&secret.hash()).await?.ok_or(Problem::INVALID_API_KEY)?
    } else {
        look_up(state, secret).await?
    };
    service.count_call(key.id)?;
    if !key.scopes.contains(&call.scope) {
        return Err(Problem::MISSING_SCOPE);
    }
    Ok(Caller(key))
}

fn bearer(headers: &HeaderMap) -> Result<ApiKeySecret, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(Problem::API_KEY_REQUIRED)?;
    if values.next().is_some() {
        return Err(Problem::INVALID_API_KEY);
    }
    let value = value.to_str().map_err(|_| Problem::INVALID_API_KEY)?;
    let (scheme, credentials) = value.split_once(' ').unwrap_or((value, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Problem::API_KEY_REQUIRED);
    }
    ApiKeySecret::parse(credentials.trim()).ok_or(Problem::INVALID_API_KEY)
}

/// Adds what RFC 6750, section 3, has a refusal say.
pub fn challenged(problem: Problem, mut response: Response) -> Response {
    if let Some(challenge) = challenge(problem) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn challenge(problem: Problem) -> Option<HeaderValue> {
    let challenge = match problem {
        Problem::API_KEY_REQUIRED => "Bearer",
        Problem::MISSING_SCOPE => r#"Bearer error="insufficient_scope""#,
        Problem { status: StatusCode::UNAUTHORIZED, .. } => r#"Bearer error="invalid_token""#,
        _ => return None,
    };
    Some(HeaderValue::from_static(challenge))
}
