//! The outcome of an attempt: an object, or a fault.
//!
//! Only an error object of Stripe's own counts as a refusal. Anything else (a proxy's error page, half an answer, a
//! server error) leaves open whether the request had its effect.

use std::{fmt::Write as _, time::Duration};

use billing::provider::ProviderError;
use http::StatusCode;
use serde_json::Value;

use super::wire::Answer;
use crate::stripe::json;

/// The longest word of an answer that is logged.
const WORD_LENGTH_MAX: usize = 64;

/// Why a call gave no object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Stripe has no such object.
    NotFound,
    /// Stripe does not accept the key, or the key lacks a permission. The call had no effect, and Stripe does not store
    /// such an answer under the idempotency key.
    Denied {
        /// For the log.
        detail: String,
    },
    /// Stripe refused the request.
    Refused {
        /// For the log.
        detail: String,
    },
    /// Stripe's answer lacks a required field. An immediate retry would give the same answer.
    Unreadable {
        /// For the log.
        detail: String,
    },
    /// Whether the call had an effect is unknown.
    Unclear {
        /// For the log.
        detail: String,
        /// When Stripe asks to be called again.
        retry_after: Option<Duration>,
        /// Whether an immediate retry makes sense.
        repeat: bool,
    },
}

impl Fault {
    /// A fault without a clear answer.
    pub fn unclear(detail: impl Into<String>) -> Self {
        Self::Unclear { detail: detail.into(), retry_after: None, repeat: true }
    }

    /// A fault for an object that lacks a required field.
    pub fn unreadable(what: &str, field: &str) -> Self {
        Self::Unreadable { detail: lacks(what, field) }
    }

    /// The name in the metrics.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Denied { .. } => "denied",
            Self::Refused { .. } => "refused",
            Self::Unreadable { .. } => "unreadable",
            Self::Unclear { .. } => "unclear",
        }
    }
}

impl From<Fault> for ProviderError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NotFound => Self::Rejected { detail: "no such object".to_owned() },
            Fault::Denied { detail } => Self::AccessDenied { detail },
            Fault::Refused { detail } => Self::Rejected { detail },
            Fault::Unreadable { detail } => Self::Unreadable { detail },
            Fault::Unclear { detail, retry_after, .. } => Self::Unavailable { detail, retry_after },
        }
    }
}

/// The log text for an object that lacks a required field.
pub fn lacks(what: &str, field: &str) -> String {
    format!("{what} without a usable `{field}`")
}

/// Judges an answer: the object, or the fault.
pub fn judge(answer: &Answer) -> Result<Value, Fault> {
    let body = json::read(&answer.body).filter(Value::is_object);
    if answer.status.is_success() {
        return body.ok_or_else(|| Fault::unclear(format!("{}, but no JSON object", describe(answer, None))));
    }
    let error = body.as_ref().and_then(|body| body.get("error")).filter(|error| error.is_object());
    let detail = describe(answer, error);
    match error {
        Some(error) if answer.status == StatusCode::NOT_FOUND && word(error, "code") == Some("resource_missing") => {
            Err(Fault::NotFound)
        }
        // The idempotency key was used with other parameters. So an earlier call may have had an effect.
        Some(error) if answer.status == StatusCode::BAD_REQUEST && word(error, "type") == Some("idempotency_error") => {
            Err(Fault::Unclear { detail, retry_after: None, repeat: false })
        }
        Some(_) if matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
            Err(Fault::Denied { detail })
        }
        Some(_) if answer.status.is_client_error() && !may_pass(answer) => Err(Fault::Refused { detail }),
        _ => {
            Err(Fault::Unclear { detail, retry_after: answer.retry_after, repeat: answer.should_retry.unwrap_or(true) })
        }
    }
}

/// Whether a refusal is temporary (<https://docs.stripe.com/api/errors>, <https://docs.stripe.com/rate-limits>), such
/// as 409: another call with the same idempotency key is still running.
fn may_pass(answer: &Answer) -> bool {
    matches!(
        answer.status,
        StatusCode::REQUEST_TIMEOUT
            | StatusCode::CONFLICT
            | StatusCode::FAILED_DEPENDENCY
            | StatusCode::TOO_EARLY
            | StatusCode::TOO_MANY_REQUESTS
    )
}

/// Describes the answer for the log, in names and numbers. Omits the message, because it can quote the buyer's input.
fn describe(answer: &Answer, error: Option<&Value>) -> String {
    let mut text = format!("HTTP {}", answer.status.as_u16());
    for member in ["type", "code", "param"] {
        if let Some(word) = error.and_then(|error| word(error, member)) {
            // Writing to a string cannot fail.
            let _ = write!(text, ", {member} {word}");
        }
    }
    if let Some(id) = answer.request_id.as_deref().filter(|id| is_word(id)) {
        let _ = write!(text, ", request {id}");
    }
    text
}

fn word<'a>(error: &'a Value, member: &str) -> Option<&'a str> {
    error.get(member)?.as_str().filter(|text| is_word(text))
}

/// Whether the text is one of Stripe's names, such as `line_items[0][price_data]`, and neither prose nor an e-mail
/// address.
fn is_word(text: &str) -> bool {
    let fits = (1..=WORD_LENGTH_MAX).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-[].".contains(&byte))
}
