//! What a visitor learns when something goes wrong. No internals: those are in the server's log.

use billing::{BillingError, OrderError};
use leptos::server_fn::{codec::JsonEncoding, error::FromServerFnError, error::ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// Why the shop did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// Too many orders are open, or came within a minute; the same order can be sent again.
    TooManyOrders,
    /// The payment page could not be opened, so nobody has paid; the same order can be sent again.
    ProviderUnavailable,
    /// The payment provider gave no usable answer about an order that may have been paid.
    PaymentUnknown,
    /// The payment provider refused the order.
    Rejected,
    /// The shop itself cannot at the moment.
    Unavailable,
    /// What was sent makes no sense to the server.
    Malformed,
}

impl ShopError {
    const ALL: [Self; 11] = [
        Self::NotSignedIn,
        Self::NotFound,
        Self::UnknownProduct,
        Self::ConsentMissing,
        Self::KeyReused,
        Self::TooManyOrders,
        Self::ProviderUnavailable,
        Self::PaymentUnknown,
        Self::Rejected,
        Self::Unavailable,
        Self::Malformed,
    ];

    /// The name that travels in a URL, after a form was sent.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NotSignedIn => "not_signed_in",
            Self::NotFound => "not_found",
            Self::UnknownProduct => "unknown_product",
            Self::ConsentMissing => "consent_missing",
            Self::KeyReused => "key_reused",
            Self::TooManyOrders => "too_many_orders",
            Self::ProviderUnavailable => "provider_unavailable",
            Self::PaymentUnknown => "payment_unknown",
            Self::Rejected => "rejected",
            Self::Unavailable => "unavailable",
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
            Self::TooManyOrders => 429,
            Self::Malformed => 400,
            Self::Rejected => 502,
            Self::ProviderUnavailable | Self::PaymentUnknown | Self::Unavailable => 503,
        }
    }

    /// Whether the very same order, under the same key, can go through later.
    pub(crate) fn keeps_order(self) -> bool {
        matches!(self, Self::ConsentMissing | Self::TooManyOrders | Self::ProviderUnavailable | Self::Unavailable)
    }
}

impl FromServerFnError for ShopError {
    type Encoder = JsonEncoding;

    /// What can go wrong before a server function is called is what it was sent, or else the shop.
    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) | ServerFnErrorErr::Deserialization(_) => {
                Self::Malformed
            }
            _ => Self::Unavailable,
        }
    }
}

/// Of everything but an order: the purchase exists, and may have been paid.
impl From<BillingError> for ShopError {
    fn from(error: BillingError) -> Self {
        match error {
            // What an operator has to mend is in the log already.
            BillingError::Provider(_) | BillingError::SessionMissing => {
                tracing::warn!(%error, "it is not known how a payment stands");
                Self::PaymentUnknown
            }
            BillingError::Store(_) | BillingError::Transition(_) | BillingError::Contended => {
                tracing::error!(%error, "a page could not be served");
                Self::Unavailable
            }
        }
    }
}

impl From<OrderError> for ShopError {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::UnknownProduct => Self::UnknownProduct,
            OrderError::UnknownConsent => Self::ConsentMissing,
            OrderError::KeyReused => Self::KeyReused,
            OrderError::TooMany => Self::TooManyOrders,
            OrderError::Rejected => Self::Rejected,
            OrderError::Billing(BillingError::Provider(error)) => {
                tracing::warn!(%error, "no payment page could be opened");
                Self::ProviderUnavailable
            }
            OrderError::Billing(error) => error.into(),
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
    use billing::provider::ProviderError;

    use super::*;

    #[test]
    fn an_error_in_a_url_comes_back_as_itself_and_nothing_else_does() {
        for error in ShopError::ALL {
            assert_eq!(ShopError::from_code(error.code()), Some(error));
        }
        assert_eq!(ShopError::from_code("<b>pay me</b>"), None);
    }

    #[test]
    fn an_order_that_may_still_go_through_keeps_its_key() {
        assert!(ShopError::ProviderUnavailable.keeps_order());
        assert!(!ShopError::Rejected.keeps_order());
    }

    #[test]
    fn a_payment_that_may_have_been_made_is_never_called_unmade() {
        let detail = || "scripted".to_owned();
        for error in [
            ProviderError::Unavailable { detail: detail(), retry_after: None },
            ProviderError::AccessDenied { detail: detail() },
            ProviderError::Rejected { detail: detail() },
            ProviderError::Unreadable { detail: detail() },
        ] {
            assert_eq!(ShopError::from(BillingError::Provider(error.clone())), ShopError::PaymentUnknown, "{error}");
            let order = OrderError::Billing(BillingError::Provider(error));
            assert_eq!(ShopError::from(order), ShopError::ProviderUnavailable);
        }
        assert_eq!(ShopError::from(BillingError::SessionMissing), ShopError::PaymentUnknown);
        assert!(!ShopError::PaymentUnknown.keeps_order());
    }
}
