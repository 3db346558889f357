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

/// Lets a call through whose API key may make it. The key is looked up at each call, so a revocation counts at once in
/// every process.
pub async fn authenticate(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let caller = match credentials(&request) {
        Ok((call, secret)) => find_caller(&state, call, &secret).await,
        Err(problem) => Err(problem),
    };
    match caller {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => {
            let mut response = problem.into_response();
            if let Some(challenge) = challenge(problem) {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
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
    let key = service.platform.api_key(&secret.hash()).await?.ok_or(Problem::INVALID_API_KEY)?;
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

/// What RFC 6750, section 3, has a refusal say.
fn challenge(problem: Problem) -> Option<HeaderValue> {
    let challenge = match problem {
        Problem::API_KEY_REQUIRED => "Bearer",
        Problem::MISSING_SCOPE => r#"Bearer error="insufficient_scope""#,
        Problem { status: StatusCode::UNAUTHORIZED, .. } => r#"Bearer error="invalid_token""#,
        _ => return None,
    };
    Some(HeaderValue::from_static(challenge))
}
