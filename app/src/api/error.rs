//! Maps the use cases' errors to what a customer learns; the rest goes to the log.

use billing::{BillingError, OrderError};

use crate::error::ShopError;

/// For all calls but an order: the purchase exists, and may have been paid.
impl From<BillingError> for ShopError {
    fn from(error: BillingError) -> Self {
        match error {
            // Faults that an operator has to fix are logged already.
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

#[cfg(test)]
mod tests {
    use billing::provider::ProviderError;

    use super::*;

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
