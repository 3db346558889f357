//! The `OpenAPI` document: made from the handlers, with the problems that each call can answer.

use std::{collections::BTreeMap, fmt::Write as _};

use axum::http::{Method, StatusCode};
use serde::Serialize;
use utoipa::{
    OpenApi, ToSchema,
    openapi::{
        Content, HeaderBuilder, RefOr, Response, ResponseBuilder,
        path::{Operation, PathItem},
        schema::{ObjectBuilder, Type},
        security::{ApiKey, ApiKeyValue, SecurityScheme},
    },
};

use super::{
    platform::{self, Call},
    problem::Problem,
};

/// An error (RFC 9457), as the crate `problem_details` writes it.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemView {
    /// The HTTP status.
    status: u16,
    /// The status in words.
    title: String,
    /// What went wrong, for people.
    detail: String,
    /// What went wrong, for programs; stable.
    code: String,
}

/// The document, to which the calls are added.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "IZA Credits",
        description = "Prepaid credits: products, checkout, purchases and the balance; and what a platform does with them. \
                       Amounts are integers in cents, times RFC 3339 in UTC, errors RFC 9457 problems with a stable \
                       `code`."
    ),
    tags((name = "platform", description = "What a platform's server calls, with an API key")),
    components(schemas(ProblemView, platform::openapi::InsufficientCreditsView))
)]
pub struct Document;

/// The problems of one call, besides those that [`complete`] derives from its parameters.
fn problems(operation_id: &str) -> &'static [Problem] {
    match operation_id {
        "create_checkout_session" => &[
            Problem::INVALID_IDEMPOTENCY_KEY,
            Problem::IDEMPOTENCY_KEY_REUSED,
            Problem::UNKNOWN_PRODUCT,
            Problem::UNKNOWN_CONSENT,
            Problem::TOO_MANY_ORDERS,
            Problem::PROVIDER_REJECTED,
            Problem::PROVIDER_UNAVAILABLE,
        ],
        "complete_checkout" => &[Problem::NOT_FOUND, Problem::PAYMENT_UNKNOWN],
        "get_purchase" => &[Problem::NOT_FOUND],
        "list_purchases" => &[Problem::INVALID_QUERY],
        "receive_webhook" => &[
            Problem::INVALID_SIGNATURE,
            Problem::MALFORMED_BODY,
            Problem::BODY_TOO_LARGE,
            Problem::WEBHOOK_NOT_CONFIGURED,
        ],
        "create_account" => {
            &[Problem::EMAIL_TAKEN, Problem::WEAK_PASSWORD, Problem::INVALID_EMAIL, Problem::TOO_MANY_ATTEMPTS]
        }
        "readyz" => &[Problem::TASK_LATE],
        "create_session" => &[Problem::INVALID_CREDENTIALS, Problem::TOO_MANY_ATTEMPTS],
        _ => &[],
    }
}

/// Adds to each call the problems it can answer, and describes the session cookie.
pub fn complete(document: &mut utoipa::openapi::OpenApi, session_cookie: &str) {
    for (path, item) in &mut document.paths.paths {
        platform::openapi::complete(path, item);
        // The provider's and the platform's calls carry no cookie, so no other site can forge them.
        let forgeable = path != "/billing/webhook";
        for (method, operation) in operations(item) {
            match Call::find(&method, path) {
                Some(call) => describe_platform_problems(operation, call),
                None => describe_problems(operation, method != Method::GET && forgeable),
            }
        }
    }
    let scheme = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
        session_cookie,
        "Set by POST /auth/session and POST /auth/accounts.",
    )));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("session", scheme);
    components.add_security_scheme(platform::openapi::SCHEME, platform::openapi::scheme());
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// The problems that every call can answer.
const OURS: [Problem; 4] = [Problem::INTERNAL, Problem::DATABASE_UNAVAILABLE, Problem::BUSY, Problem::TIMED_OUT];
/// The problems that every call can answer that takes a body.
const OF_BODIES: [Problem; 3] = [Problem::MALFORMED_BODY, Problem::BODY_TOO_LARGE, Problem::UNSUPPORTED_MEDIA_TYPE];

fn describe_platform_problems(operation: &mut Operation, call: &Call) {
    let mut possible = OURS.to_vec();
    if operation.request_body.is_some() {
        possible.extend(OF_BODIES);
    }
    possible.extend(platform::openapi::problems(operation, call));
    describe_all(operation, possible);
}

fn describe_problems(operation: &mut Operation, forgeable: bool) {
    let mut possible = OURS.to_vec();
    if operation.security.is_some() {
        possible.push(Problem::NOT_SIGNED_IN);
    }
    if forgeable {
        possible.push(Problem::CROSS_SITE_REQUEST);
    }
    if operation.request_body.is_some() && forgeable {
        possible.extend(OF_BODIES);
    }
    possible.extend(problems(operation.operation_id.as_deref().unwrap_or_default()));
    describe_all(operation, possible);
}

fn describe_all(operation: &mut Operation, possible: Vec<Problem>) {
    let mut by_status = BTreeMap::<u16, Vec<Problem>>::new();
    for problem in possible {
        by_status.entry(problem.status.as_u16()).or_default().push(problem);
    }
    for (status, problems) in by_status {
        operation.responses.responses.insert(status.to_string(), RefOr::T(describe(status, &problems)));
    }
    name_the_rest(operation);
}

/// Describes each remaining response by its status. `OpenAPI` requires a description, and generators of clients refuse a
/// document without.
fn name_the_rest(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let reason = StatusCode::from_bytes(status.as_bytes()).ok().and_then(|status| status.canonical_reason());
        if let (RefOr::T(response), Some(reason)) = (response, reason)
            && response.description.is_empty()
        {
            reason.clone_into(&mut response.description);
        }
    }
}

fn describe(status: u16, problems: &[Problem]) -> Response {
    let mut description = String::new();
    for problem in problems {
        let separator = if description.is_empty() { "" } else { "\n\n" };
        // Writing to a string does not fail.
        let _ = write!(description, "{separator}`{}`: {}", problem.code, problem.detail);
    }
    let schema = platform::openapi::schema_of(status);
    let mut response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", Content::new(Some(schema)))
        .build();
    if problems.iter().any(|problem| problem.retry_after.is_some()) {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).build();
        let header =
            HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait before trying again")).build();
        response.headers.insert("Retry-After".to_owned(), header.into());
    }
    response
}
