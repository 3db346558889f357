//! What the browser learns when something goes wrong. No internals: those are in the server's log.

use leptos::server_fn::{codec::JsonEncoding, error::FromServerFnError, error::ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why a server function did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[error("{}", self.code())]
pub(crate) enum ShopError {
    /// Nobody is signed in, or not any more.
    NotSignedIn,
    /// There is no such thing, or it is another tenant's.
    NotFound,
    /// No such product is on sale.
    UnknownProduct,
    /// The box was not ticked, or its wording has changed since.
    ConsentMissing,
    /// The order form was used for another product.
    KeyReused,
    /// The payment provider does not answer; the same order can be sent again.
    ProviderUnavailable,
    /// The payment provider refused.
    Rejected,
    /// The shop itself cannot at the moment.
    Unavailable,
    /// The server could not be reached, or its answer did not arrive whole.
    Connection,
    /// What was sent makes no sense to the server.
    Malformed,
}

impl ShopError {
    const ALL: [Self; 10] = [
        Self::NotSignedIn,
        Self::NotFound,
        Self::UnknownProduct,
        Self::ConsentMissing,
        Self::KeyReused,
        Self::ProviderUnavailable,
        Self::Rejected,
        Self::Unavailable,
        Self::Connection,
        Self::Malformed,
    ];

    /// The name that travels in a URL, when a form was sent without JavaScript.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotSignedIn => "not_signed_in",
            Self::NotFound => "not_found",
            Self::UnknownProduct => "unknown_product",
            Self::ConsentMissing => "consent_missing",
            Self::KeyReused => "key_reused",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::Rejected => "rejected",
            Self::Unavailable => "unavailable",
            Self::Connection => "connection",
            Self::Malformed => "malformed",
        }
    }

    /// The error of that name; what comes back in a URL is anybody's, so nothing but known names count.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.code() == code)
    }

    /// The HTTP status that says the same.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NotSignedIn => 401,
            Self::NotFound | Self::UnknownProduct => 404,
            Self::ConsentMissing => 422,
            Self::KeyReused => 409,
            Self::Malformed => 400,
            Self::Rejected => 502,
            Self::ProviderUnavailable | Self::Unavailable | Self::Connection => 503,
        }
    }

    /// Whether the very same order, under the same key, can go through later.
    pub(crate) fn keeps_order(self) -> bool {
        matches!(self, Self::ConsentMissing | Self::ProviderUnavailable | Self::Unavailable | Self::Connection)
    }
}

impl FromServerFnError for ShopError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Serialization(_) => {
                Self::Malformed
            }
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::ServerError(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_) => Self::Unavailable,
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Deserialization(_) | ServerFnErrorErr::Response(_) => {
                Self::Connection
            }
        }
    }
}

/// Why signing in or up did not work, as the server names it in the page's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountProblem {
    InvalidCredentials,
    TooManyAttempts,
    InvalidEmail,
    WeakPassword,
    EmailTaken,
    /// A name that this version does not know.
    Other,
}

impl AccountProblem {
    pub(crate) fn from_code(code: &str) -> Self {
        match code {
            "invalid_credentials" => Self::InvalidCredentials,
            "too_many_attempts" => Self::TooManyAttempts,
            "invalid_email" => Self::InvalidEmail,
            "weak_password" => Self::WeakPassword,
            "email_taken" => Self::EmailTaken,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_a_url_comes_back_as_itself_and_nothing_else_does() {
        for error in ShopError::ALL {
            assert_eq!(ShopError::from_code(error.code()), Some(error));
        }
        assert_eq!(ShopError::from_code("<b>pay me</b>"), None);
    }

    #[test]
    fn a_failed_connection_does_not_look_like_a_refusal() {
        let lost = ShopError::from_server_fn_error(ServerFnErrorErr::Request("reset".to_owned()));
        assert_eq!(lost, ShopError::Connection);
        assert!(lost.keeps_order());
        assert!(!ShopError::Rejected.keeps_order());
    }
}
