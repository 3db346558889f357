//! The errors that a customer sees, without internals, which are in the server's log.

use leptos::{
    serde_json,
    server_fn::{
        Bytes, ContentType, Decodes, Encodes, Format, FormatType,
        error::{FromServerFnError, ServerFnErrorErr},
    },
};
use serde::{Deserialize, Serialize};
use strum::{EnumIter, EnumString, IntoStaticStr};

/// Why the shop did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, EnumIter, EnumString, IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ShopError {
    /// No user is signed in, or the session has ended.
    NotSignedIn,
    /// It does not exist, or belongs to another tenant.
    NotFound,
    /// No such product is on sale.
    UnknownProduct,
    /// The check box was not ticked, or its wording has changed.
    ConsentMissing,
    /// The order form's key was used for another product.
    KeyReused,
    /// Too many purchases are open, or too many orders came within a minute; the same order can be sent again.
    TooManyOrders,
    /// The payment page could not be opened, so nothing was paid; the same order can be sent again.
    ProviderUnavailable,
    /// The payment provider gave no usable answer about an order that may have been paid.
    PaymentUnknown,
    /// The payment provider refused the order.
    Rejected,
    /// The shop is temporarily unavailable.
    Unavailable,
    /// The request is invalid.
    Malformed,
    /// The browser got no answer from the shop.
    Unreachable,
}

impl ShopError {
    /// The error's name in answers and URLs.
    pub fn code(self) -> &'static str {
        self.into()
    }

    /// The error with this name. It comes from a URL, which anybody can write, so unknown names are ignored.
    pub(crate) fn from_code(code: &str) -> Option<Self> {
        code.parse().ok()
    }

    /// The HTTP status of the error.
    pub fn status(self) -> u16 {
        match self {
            Self::NotSignedIn => 401,
            Self::NotFound | Self::UnknownProduct => 404,
            Self::ConsentMissing => 422,
            Self::KeyReused => 409,
            Self::TooManyOrders => 429,
            Self::Malformed => 400,
            Self::Rejected => 502,
            Self::ProviderUnavailable | Self::PaymentUnknown | Self::Unavailable | Self::Unreachable => 503,
        }
    }

    /// Whether the same order with the same key can succeed later.
    pub(crate) fn keeps_order(self) -> bool {
        matches!(
            self,
            Self::ConsentMissing
                | Self::TooManyOrders
                | Self::ProviderUnavailable
                | Self::Unavailable
                | Self::Unreachable
        )
    }
}

/// Errors as problems (RFC 9457), as the rest of the API has them.
pub struct ProblemEncoding;

/// The part of a problem document that identifies the error. The router adds the rest.
#[derive(Serialize, Deserialize)]
struct ProblemCode {
    code: String,
}

impl ContentType for ProblemEncoding {
    const CONTENT_TYPE: &'static str = "application/problem+json";
}

impl FormatType for ProblemEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl Encodes<ShopError> for ProblemEncoding {
    type Error = serde_json::Error;

    fn encode(error: &ShopError) -> Result<Bytes, Self::Error> {
        serde_json::to_vec(&ProblemCode { code: error.code().to_owned() }).map(Bytes::from)
    }
}

impl Decodes<ShopError> for ProblemEncoding {
    type Error = serde_json::Error;

    fn decode(bytes: Bytes) -> Result<ShopError, Self::Error> {
        let ProblemCode { code } = serde_json::from_str(&String::from_utf8_lossy(&bytes))?;
        Ok(ShopError::from_code(&code).unwrap_or(ShopError::Unavailable))
    }
}

impl FromServerFnError for ShopError {
    type Encoder = ProblemEncoding;

    /// Errors outside the server function itself: an invalid request, or a failed connection.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => Self::Malformed,
            // On the server, the request's body is not text. In the browser, the answer does not come from the shop.
            ServerFnErrorErr::Deserialization(_) if cfg!(feature = "ssr") => Self::Malformed,
            ServerFnErrorErr::Request(_) => Self::Unreachable,
            _ => Self::Unavailable,
        }
    }
}

/// Why a sign-in or sign-up failed, named by the server in the page's URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AccountProblem {
    InvalidCredentials,
    TooManyAttempts,
    InvalidEmail,
    WeakPassword,
    EmailTaken,
    /// An unknown name.
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
    use strum::IntoEnumIterator;

    use super::*;

    #[test]
    fn an_error_in_a_url_comes_back_as_itself_and_nothing_else_does() {
        for error in ShopError::iter() {
            assert_eq!(ShopError::from_code(error.code()), Some(error));
            assert_eq!(ShopError::de(error.ser()), error);
        }
        assert_eq!(ShopError::from_code("<b>pay me</b>"), None);
    }

    #[test]
    fn what_is_no_problem_of_the_shops_is_never_the_customers_fault() {
        let answers: [&[u8]; 3] = [b"<h1>502</h1>", b"{}", br#"{"code":"timed_out"}"#];
        assert_eq!(ShopError::de(Bytes::from_static(answers[2])), ShopError::Unavailable);
        for answer in &answers[..2] {
            assert!(<ProblemEncoding as Decodes<ShopError>>::decode(Bytes::from_static(answer)).is_err());
        }
    }

    #[test]
    fn an_order_that_may_still_go_through_keeps_its_key() {
        assert!(ShopError::ProviderUnavailable.keeps_order());
        assert!(!ShopError::Rejected.keeps_order());
    }
}
