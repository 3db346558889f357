//! Errors as RFC 9457 problems: a stable `code`, and a fixed text for the public.

use std::time::Duration;

use app::ShopError;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use billing::{BillingError, OrderError, clock::Clock, provider::ProviderError, store::StoreError};
use problem_details::ProblemDetails;
use serde::Serialize;

use crate::{log_limit::LogLimit, system::SystemClock};

/// An error, as the public sees it. Every text is fixed, so that none can contain private data. The platform
/// API alone adds to it, from what the caller itself has sent or may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable; clients depend on it.
    pub code: &'static str,
    /// The text for people.
    pub detail: &'static str,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

macro_rules! problems {
    ($($name:ident = $status:ident $code:literal $detail:literal $(retry $seconds:literal)?;)+) => {
        impl Problem {
            $(
                #[doc = concat!("`", $code, "`")]
                pub const $name: Self = Self {
                    status: StatusCode::$status,
                    code: $code,
                    detail: $detail,
                    retry_after: problems!(@retry $($seconds)?),
                };
            )+

            /// All problems.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }
    };
    (@retry $seconds:literal) => { Some(Duration::from_secs($seconds)) };
    (@retry) => { None };
}

problems! {
    MALFORMED_BODY = BAD_REQUEST "malformed_body" "The body is not the JSON that this call takes.";
    INVALID_QUERY = BAD_REQUEST "invalid_query" "A query parameter has a value that this call does not take.";
    INVALID_IDEMPOTENCY_KEY = BAD_REQUEST "invalid_idempotency_key" "An Idempotency-Key has 1 to 255 visible ASCII characters and is given once.";
    IDEMPOTENCY_KEY_REQUIRED = BAD_REQUEST "idempotency_key_required" "A call that writes needs the header Idempotency-Key, so that it can be repeated.";
    INVALID_SIGNATURE = BAD_REQUEST "invalid_signature" "The Stripe-Signature header does not fit the body.";
    MALFORMED = BAD_REQUEST "malformed" "The fields are not those that this server function takes.";
    BAD_REQUEST = BAD_REQUEST "bad_request" "The request cannot be understood.";
    NOT_SIGNED_IN = UNAUTHORIZED "not_signed_in" "This call is for signed-in customers.";
    INVALID_CREDENTIALS = UNAUTHORIZED "invalid_credentials" "E-mail address and password do not fit together.";
    API_KEY_REQUIRED = UNAUTHORIZED "api_key_required" "This call needs an API key: Authorization: Bearer ck_…";
    INVALID_API_KEY = UNAUTHORIZED "invalid_api_key" "The API key is mistyped, unknown, expired or revoked.";
    WRONG_MODE = UNAUTHORIZED "wrong_mode" "A ck_live_ key is for a shop that sells for money, a ck_test_ key for one that does not.";
    INSUFFICIENT_CREDITS = PAYMENT_REQUIRED "insufficient_credits" "The available credits do not cover this; top_up_url is where the tenant buys more. Use a new Idempotency-Key afterwards.";
    MISSING_SCOPE = FORBIDDEN "missing_scope" "The API key lacks the scope of this call.";
    CROSS_SITE_REQUEST = FORBIDDEN "cross_site_request" "The request comes from another site.";
    NOT_FOUND = NOT_FOUND "not_found" "There is nothing here.";
    METHOD_NOT_ALLOWED = METHOD_NOT_ALLOWED "method_not_allowed" "This address does not take that method.";
    IDEMPOTENCY_KEY_REUSED = CONFLICT "idempotency_key_reused" "The Idempotency-Key was used for another request.";
    KEY_REUSED = CONFLICT "key_reused" "The order key was used for another product.";
    EXCEEDS_HOLD = CONFLICT "exceeds_hold" "More is to be captured than is left of the hold.";
    HOLD_FINISHED = CONFLICT "hold_finished" "The hold was captured for the last time, or released.";
    EXCEEDS_SPEND = CONFLICT "exceeds_spend" "More is to be reversed than is left of the spend.";
    EXCEEDS_GRANT = CONFLICT "exceeds_grant" "More is to be reversed than is left of the grant.";
    BALANCE_OUT_OF_RANGE = CONFLICT "balance_out_of_range" "The balance would leave the range that it can be kept in.";
    HOLD_EXPIRED = GONE "hold_expired" "The hold's time is over, and the available credits do not cover this.";
    EMAIL_TAKEN = CONFLICT "email_taken" "There is an account for that e-mail address.";
    BODY_TOO_LARGE = PAYLOAD_TOO_LARGE "body_too_large" "The body is larger than this call takes.";
    UNSUPPORTED_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE "unsupported_media_type" "The body's Content-Type is not the one that this call takes.";
    UNKNOWN_PRODUCT = UNPROCESSABLE_ENTITY "unknown_product" "No product of that id is on sale.";
    UNKNOWN_CONSENT = UNPROCESSABLE_ENTITY "unknown_consent" "No wording of that version was ever shown.";
    CONSENT_MISSING = UNPROCESSABLE_ENTITY "consent_missing" "An order needs the consent to the wording that is shown now.";
    INCOMPLETE_WITHDRAWAL = UNPROCESSABLE_ENTITY "incomplete" "A withdrawal needs a name, a contract and an e-mail address.";
    WEAK_PASSWORD = UNPROCESSABLE_ENTITY "weak_password" "A password has 10 to 128 characters and is not easily guessed: no word with a number behind it, no row of keys, nothing repeated, and not the e-mail address or the shop's name.";
    INVALID_EMAIL = UNPROCESSABLE_ENTITY "invalid_email" "That is not an e-mail address.";
    UNKNOWN_FIELD = UNPROCESSABLE_ENTITY "unknown_field" "The body has a member that this call does not take.";
    INVALID_CREDITS = UNPROCESSABLE_ENTITY "invalid_credits" "Credits are a whole number from 1 to 1,000,000,000, and a hold has no more in all; a capture may be of 0, and releases the hold.";
    INVALID_TTL = UNPROCESSABLE_ENTITY "invalid_ttl" "ttl_seconds is a whole number from 1 to 86,400.";
    INVALID_REFERENCE = UNPROCESSABLE_ENTITY "invalid_reference" "A reference has 1 to 200 characters, none of them a control character.";
    INVALID_DESCRIPTION = UNPROCESSABLE_ENTITY "invalid_description" "A description has at most 500 characters, none of them a control character.";
    INVALID_METADATA = UNPROCESSABLE_ENTITY "invalid_metadata" "Metadata has at most 20 pairs of strings, without control characters: keys of 1 to 40 characters, each key once, values of at most 500.";
    INVALID_REASON = UNPROCESSABLE_ENTITY "invalid_reason" "A reason has 1 to 500 characters, none of them a control character.";
    INVALID_FINAL = UNPROCESSABLE_ENTITY "invalid_final" "final is true or false; a capture of 0 credits is always final.";
    INVALID_LINES = UNPROCESSABLE_ENTITY "invalid_lines" "lines is a list of 1 to 100 spends.";
    INVALID_EXTERNAL_ID = UNPROCESSABLE_ENTITY "invalid_external_id" "An external id has 1 to 200 visible ASCII characters, none of them / ? # % or \\.";
    INVALID_NAME = UNPROCESSABLE_ENTITY "invalid_name" "A name has 1 to 200 characters, none of them a control character.";
    INVALID_LOW_BALANCE = UNPROCESSABLE_ENTITY "invalid_low_balance" "low_balance is a whole number from 1 to 1,000,000,000.";
    RATE_LIMITED = TOO_MANY_REQUESTS "rate_limited" "The API key makes too many calls a second; try again later." retry 1;
    TOO_MANY_HOLDS = TOO_MANY_REQUESTS "too_many_holds" "The tenant has 100 active holds; capture, release or await some, and try again with the same Idempotency-Key." retry 10;
    DAILY_CAP = TOO_MANY_REQUESTS "daily_cap" "The API key would spend more than it may in a day (UTC); try again tomorrow with the same Idempotency-Key." retry 60;
    TOO_MANY_ATTEMPTS = TOO_MANY_REQUESTS "too_many_attempts" "Too many attempts; try again later." retry 60;
    TOO_MANY_ORDERS = TOO_MANY_REQUESTS "too_many_orders" "Too many orders wait for their payment, or came within a minute; try again later with the same Idempotency-Key." retry 60;
    INTERNAL = INTERNAL_SERVER_ERROR "internal" "Something failed on our side; it has been written down.";
    PROVIDER_REJECTED = BAD_GATEWAY "provider_rejected" "The payment provider refused the order; nothing was charged.";
    REJECTED = BAD_GATEWAY "rejected" "The payment provider refused the order; nothing was charged.";
    PROVIDER_UNAVAILABLE = SERVICE_UNAVAILABLE "provider_unavailable" "The payment provider opens no checkout session at the moment; try again with the same Idempotency-Key." retry 10;
    PAYMENT_UNKNOWN = SERVICE_UNAVAILABLE "payment_unknown" "The payment provider gives no usable answer about the payment, which may have been made; try again." retry 10;
    WEBHOOK_NOT_CONFIGURED = SERVICE_UNAVAILABLE "webhook_not_configured" "No webhook secret is set, so no notification can be verified." retry 60;
    DATABASE_UNAVAILABLE = SERVICE_UNAVAILABLE "database_unavailable" "The database cannot be reached; try again in a moment." retry 5;
    NOT_CAUGHT_UP = SERVICE_UNAVAILABLE "not_caught_up" "The balance is older than min_seq; try again in a moment." retry 1;
    OUTCOME_UNKNOWN = SERVICE_UNAVAILABLE "outcome_unknown" "Whether the request was executed is not known; try again with the same Idempotency-Key." retry 1;
    SHUTTING_DOWN = SERVICE_UNAVAILABLE "shutting_down" "This process is about to stop; another one serves." retry 1;
    TASK_LATE = SERVICE_UNAVAILABLE "task_late" "A background task of this process does not get on." retry 5;
    UNAVAILABLE = SERVICE_UNAVAILABLE "unavailable" "The shop cannot answer; try again in a moment." retry 5;
    BUSY = SERVICE_UNAVAILABLE "busy" "Too much is going on; try again in a moment." retry 2;
    TIMED_OUT = SERVICE_UNAVAILABLE "timed_out" "The answer took too long; try again in a moment." retry 5;
}

#[derive(Serialize)]
struct Code {
    code: &'static str,
}

#[derive(Serialize)]
struct WithMembers<M> {
    code: &'static str,
    #[serde(flatten)]
    members: M,
}

impl Problem {
    /// Whether its cause has a rate-limited log line of its own.
    pub fn is_log_limited(self) -> bool {
        [Self::DATABASE_UNAVAILABLE.code, Self::WEBHOOK_NOT_CONFIGURED.code].contains(&self.code)
    }

    /// The same problem, with a `Retry-After`.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The problem for a status without further information.
    pub fn for_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::NOT_FOUND,
            StatusCode::METHOD_NOT_ALLOWED => Self::METHOD_NOT_ALLOWED,
            StatusCode::PAYLOAD_TOO_LARGE => Self::BODY_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::SERVICE_UNAVAILABLE => Self::TIMED_OUT,
            status if status.is_client_error() => Self { status, ..Self::BAD_REQUEST },
            _ => Self::INTERNAL,
        }
    }
}

/// Marks a response whose body is a problem document.
#[derive(Clone, Copy, Debug)]
pub struct Written(pub Problem);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.respond(self.detail, Code { code: self.code })
    }
}

impl Problem {
    /// A response with a text of its own, and further members in the document.
    pub fn into_response_with(self, detail: &str, members: impl Serialize) -> Response {
        self.respond(detail, WithMembers { code: self.code, members })
    }

    fn respond(self, detail: &str, extensions: impl Serialize) -> Response {
        let body = ProblemDetails::from_status_code(self.status).with_detail(detail).with_extensions(extensions);
        let mut response = body.into_response();
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response.extensions_mut().insert(Written(self));
        response
    }
}

/// Limits the log lines about an unavailable database: during an outage every request would write one.
static UNAVAILABLE: LogLimit = LogLimit::new();

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Unavailable(_)) {
            if let Some(requests) = UNAVAILABLE.count(SystemClock.now()) {
                tracing::error!(%error, requests, "the database is not available");
            }
            return Self::DATABASE_UNAVAILABLE;
        }
        tracing::error!(%error, "the store failed");
        Self::INTERNAL
    }
}

impl Problem {
    /// The same problem, with the provider's `Retry-After`.
    fn after_provider(self, error: &ProviderError) -> Self {
        tracing::warn!(%error, code = self.code, "the payment provider gave no result");
        match error {
            ProviderError::Unavailable { retry_after: Some(wait), .. } => self.after(*wait),
            _ => self,
        }
    }
}

/// For all calls but an order: the purchase exists, and may have been paid.
impl From<BillingError> for Problem {
    fn from(error: BillingError) -> Self {
        match error {
            BillingError::Store(error) => error.into(),
            BillingError::Provider(error) => Self::PAYMENT_UNKNOWN.after_provider(&error),
            BillingError::SessionMissing => Self::PAYMENT_UNKNOWN,
            BillingError::Contended => Self::BUSY,
            BillingError::Transition(error) => {
                tracing::error!(%error, "the state machine was asked for a move that it does not have");
                Self::INTERNAL
            }
        }
    }
}

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::UnknownProduct => Self::UNKNOWN_PRODUCT,
            OrderError::UnknownConsent => Self::UNKNOWN_CONSENT,
            OrderError::KeyReused => Self::IDEMPOTENCY_KEY_REUSED,
            OrderError::TooMany => Self::TOO_MANY_ORDERS,
            OrderError::Rejected => Self::PROVIDER_REJECTED,
            // No buyer has seen the payment page yet, so nothing was paid.
            OrderError::Billing(BillingError::Provider(error)) => Self::PROVIDER_UNAVAILABLE.after_provider(&error),
            OrderError::Billing(error) => error.into(),
        }
    }
}

/// What the server functions answer.
impl From<ShopError> for Problem {
    fn from(error: ShopError) -> Self {
        match error {
            ShopError::NotSignedIn => Self::NOT_SIGNED_IN,
            ShopError::NotFound => Self::NOT_FOUND,
            // As the page of a product has it: the product is what is asked for.
            ShopError::UnknownProduct => Self { status: StatusCode::NOT_FOUND, ..Self::UNKNOWN_PRODUCT },
            ShopError::ConsentMissing => Self::CONSENT_MISSING,
            ShopError::KeyReused => Self::KEY_REUSED,
            ShopError::TooManyOrders => Self::TOO_MANY_ORDERS,
            ShopError::ProviderUnavailable => Self::PROVIDER_UNAVAILABLE,
            ShopError::PaymentUnknown => Self::PAYMENT_UNKNOWN,
            ShopError::Rejected => Self::REJECTED,
            ShopError::Malformed => Self::MALFORMED,
            ShopError::Unavailable | ShopError::Unreachable => Self::UNAVAILABLE,
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn an_error_has_the_same_code_and_status_as_a_page_and_as_a_problem() {
        // The browser's own, which no server answers.
        for error in ShopError::iter().filter(|error| *error != ShopError::Unreachable) {
            let problem = Problem::from(error);
            assert_eq!((problem.code, problem.status.as_u16()), (error.code(), error.status()));
        }
    }

    #[test]
    fn each_code_means_one_thing() {
        for (n, problem) in Problem::ALL.iter().enumerate() {
            assert!(Problem::ALL.iter().skip(n + 1).all(|other| other.code != problem.code), "{}", problem.code);
        }
    }

    #[test]
    fn a_fraction_of_a_second_is_rounded_up() {
        let response = Problem::BUSY.after(Duration::from_millis(1_200)).into_response();
        assert_eq!(response.headers().get(header::RETRY_AFTER), Some(&HeaderValue::from(2)));
    }
}
