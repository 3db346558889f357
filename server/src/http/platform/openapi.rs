//! What the description of the calls has in common.

use serde::Serialize;
use utoipa::{
    ToSchema,
    openapi::{
        HeaderBuilder, PathItem, Ref, RefOr, Required,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{Call, reply::REPLAYED};
use crate::http::problem::Problem;

/// The name of the security scheme.
pub const SCHEME: &str = "api_key";

/// Not enough is available (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = InsufficientCredits)]
pub struct InsufficientCreditsView {
    /// The HTTP status.
    status: u16,
    /// The status in words.
    title: String,
    /// What went wrong, for people.
    detail: String,
    /// What went wrong, for programs; stable.
    code: String,
    /// How many credits the call needs; `insufficient_credits` alone.
    required: Option<i64>,
    /// What can be spent or held.
    available: i64,
    /// The sum of the ledger entries.
    balance: i64,
    /// Set aside by active holds.
    held: i64,
    /// Where the tenant buys more.
    #[schema(format = "uri")]
    top_up_url: String,
}

/// How one calls.
pub fn scheme() -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("ck_live_… or ck_test_…");
    SecurityScheme::Http(scheme.description(Some("Made by `server keys create`.")).build())
}

/// Adds to a call what [`CALLS`](super::CALLS) says of it.
pub fn complete(path: &str, item: &mut PathItem) {
    let operations =
        [(http::Method::GET, &mut item.get), (http::Method::PUT, &mut item.put), (http::Method::POST, &mut item.post)];
    for (method, operation) in operations {
        let (Some(call), Some(operation)) = (Call::find(&method, path), operation) else { continue };
        operation.security = Some(vec![SecurityRequirement::new(SCHEME, [call.scope.as_str()])]);
        let scope = format!("Needs the scope `{}`.", call.scope);
        let text = operation.description.take().map_or(scope.clone(), |text| format!("{text}\n\n{scope}"));
        operation.description = Some(text);
        let parameters = operation.parameters.get_or_insert_default();
        parameters.insert(0, external_id().into());
        if path.contains("{id}") {
            parameters.insert(1, id().into());
        }
        if call.is_keyed() {
            parameters.push(idempotency_key().into());
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    response.headers.insert(REPLAYED.as_str().to_owned(), replayed().into());
                }
            }
        }
    }
}

fn external_id() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(200)).build();
    parameter("external_id", ParameterIn::Path, "The platform's own name for the tenant", schema.into())
}

fn id() -> Parameter {
    let format = utoipa::openapi::SchemaFormat::Custom("uuid".to_owned());
    let schema = ObjectBuilder::new().schema_type(Type::String).format(Some(format)).build();
    parameter("id", ParameterIn::Path, "Of the hold, spend or grant", schema.into())
}

fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[!-~]{1,255}$")).build();
    parameter(
        "Idempotency-Key",
        ParameterIn::Header,
        "One effect for each key, however often the call is made",
        schema.into(),
    )
}

fn parameter(name: &str, place: ParameterIn, description: &str, schema: RefOr<utoipa::openapi::Schema>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn replayed() -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["true"])).build();
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some("The key was used before, and this is the first answer again"))
        .build()
}

/// The schema of a problem with that status.
pub fn schema_of(status: u16) -> Ref {
    let more = status == Problem::INSUFFICIENT_CREDITS.status || status == Problem::HOLD_EXPIRED.status;
    Ref::from_schema_name(if more { "InsufficientCredits" } else { "Problem" })
}

/// The problems of a call.
pub fn problems(operation: &Operation, call: &Call) -> Vec<Problem> {
    let mut possible = vec![
        Problem::API_KEY_REQUIRED,
        Problem::INVALID_API_KEY,
        Problem::WRONG_MODE,
        Problem::MISSING_SCOPE,
        Problem::RATE_LIMITED,
    ];
    if call.method != http::Method::PUT {
        possible.push(Problem::NOT_FOUND);
    }
    if call.is_keyed() {
        possible.extend([
            Problem::IDEMPOTENCY_KEY_REQUIRED,
            Problem::INVALID_IDEMPOTENCY_KEY,
            Problem::IDEMPOTENCY_KEY_REUSED,
            Problem::OUTCOME_UNKNOWN,
        ]);
    }
    if operation.request_body.is_some() {
        possible.push(Problem::UNKNOWN_FIELD);
    }
    possible.extend(own_problems(operation.operation_id.as_deref().unwrap_or_default()));
    possible
}

fn own_problems(operation_id: &str) -> &'static [Problem] {
    match operation_id {
        "put_tenant" => {
            &[Problem::INVALID_EXTERNAL_ID, Problem::INVALID_EMAIL, Problem::INVALID_NAME, Problem::INVALID_LOW_BALANCE]
        }
        "get_tenant_balance" => &[Problem::INVALID_QUERY, Problem::NOT_CAUGHT_UP],
        "list_tenant_entries" | "list_tenant_purchases" => &[Problem::INVALID_QUERY],
        "create_spend" => &[
            Problem::INVALID_CREDITS,
            Problem::INVALID_REFERENCE,
            Problem::INVALID_DESCRIPTION,
            Problem::INVALID_METADATA,
            Problem::INSUFFICIENT_CREDITS,
            Problem::DAILY_CAP,
        ],
        "create_spends" => &[
            Problem::INVALID_LINES,
            Problem::INVALID_CREDITS,
            Problem::INVALID_REFERENCE,
            Problem::INVALID_DESCRIPTION,
            Problem::INVALID_METADATA,
            Problem::INSUFFICIENT_CREDITS,
            Problem::DAILY_CAP,
        ],
        "create_hold" => &[
            Problem::INVALID_CREDITS,
            Problem::INVALID_TTL,
            Problem::INVALID_REFERENCE,
            Problem::INVALID_DESCRIPTION,
            Problem::INVALID_METADATA,
            Problem::INSUFFICIENT_CREDITS,
            Problem::TOO_MANY_HOLDS,
        ],
        "capture_hold" => &[
            Problem::INVALID_CREDITS,
            Problem::INVALID_FINAL,
            Problem::INVALID_DESCRIPTION,
            Problem::EXCEEDS_HOLD,
            Problem::HOLD_FINISHED,
            Problem::HOLD_EXPIRED,
            Problem::INSUFFICIENT_CREDITS,
            Problem::DAILY_CAP,
        ],
        "release_hold" => &[Problem::HOLD_FINISHED],
        "extend_hold" => &[
            Problem::INVALID_CREDITS,
            Problem::INVALID_TTL,
            Problem::HOLD_FINISHED,
            Problem::HOLD_EXPIRED,
            Problem::INSUFFICIENT_CREDITS,
            Problem::TOO_MANY_HOLDS,
            Problem::BALANCE_OUT_OF_RANGE,
        ],
        "reverse_spend" => {
            &[Problem::INVALID_CREDITS, Problem::INVALID_REASON, Problem::EXCEEDS_SPEND, Problem::BALANCE_OUT_OF_RANGE]
        }
        "create_grant" => &[Problem::INVALID_CREDITS, Problem::INVALID_REASON, Problem::BALANCE_OUT_OF_RANGE],
        "reverse_grant" => {
            &[Problem::INVALID_CREDITS, Problem::INVALID_REASON, Problem::EXCEEDS_GRANT, Problem::BALANCE_OUT_OF_RANGE]
        }
        _ => &[],
    }
}
