//! Ordering: the form, and what sending it leads to.

use billing::ids::PurchaseId;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::catalog::ProductView;
#[cfg(feature = "ssr")]
use super::server;
use crate::{error::ShopError, routes};

/// The order form of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderFormView {
    pub(crate) product: ProductView,
    /// Makes one purchase of however many sendings of this form.
    pub(crate) order_key: String,
    /// What the buyer has to agree to.
    pub(crate) consent: ConsentView,
}

/// The wording by which a buyer agrees that delivery begins at once (§ 356 (5) BGB).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConsentView {
    pub(crate) version: String,
    pub(crate) text: String,
}

/// Where an order leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ordered {
    /// To the provider's payment page.
    Pay {
        /// Its address.
        url: String,
    },
    /// The payment was begun; its page is closed.
    Processing {
        /// The checkout session.
        session_id: String,
    },
    /// The same form was sent before, and that purchase is paid.
    Paid {
        /// Which.
        purchase_id: PurchaseId,
    },
    /// The same form was sent before, and that purchase has ended.
    Failed {
        /// Which.
        purchase_id: PurchaseId,
    },
}

impl Ordered {
    /// The address to go on at.
    pub(crate) fn location(&self) -> String {
        match self {
            Self::Pay { url } => url.clone(),
            Self::Processing { session_id } => routes::success(session_id),
            Self::Paid { purchase_id } => routes::receipt(&purchase_id.to_string()),
            Self::Failed { purchase_id } => routes::cancel(&purchase_id.to_string()),
        }
    }
}

/// The form for ordering a product, with a key of its own.
#[server(prefix = "/api", endpoint = "order_form")]
pub(crate) async fn order_form(product_id: String) -> Result<OrderFormView, ShopError> {
    let form = async {
        let (shop, _) = server::signed_in()?;
        let product =
            shop.billing.products().iter().find(|product| product.id == product_id).ok_or(ShopError::UnknownProduct)?;
        let consent = &shop.settings.legal.of(server::locale()).consent;
        Ok(OrderFormView {
            product: product.into(),
            order_key: shop.billing.order_key().as_str().to_owned(),
            consent: ConsentView { version: consent.version.to_string(), text: consent.text.clone() },
        })
    };
    server::answer(form.await)
}

/// Orders a product and opens its checkout session; the same key again gives the same purchase. `consent` is the version
/// of the wording whose box is ticked; a form sends nothing of a box that is not.
#[server(prefix = "/api", endpoint = "create_checkout")]
pub(crate) async fn create_checkout(
    product_id: String,
    order_key: String,
    #[server(default)] consent: Option<String>,
) -> Result<Ordered, ShopError> {
    let outcome = place(&product_id, &order_key, consent.as_deref()).await;
    server::redirect_plain_form(|| match &outcome {
        Ok(ordered) => ordered.location(),
        Err(ShopError::NotSignedIn) => routes::sign_in(&routes::order(&product_id)),
        Err(error) => server::order_again(&product_id, *error, &order_key),
    });
    server::answer(outcome)
}

#[cfg(feature = "ssr")]
async fn place(product_id: &str, order_key: &str, consent: Option<&str>) -> Result<Ordered, ShopError> {
    use billing::{Order, purchase::State};

    let (shop, caller) = server::signed_in()?;
    let key = order_key.parse().map_err(|_| ShopError::Malformed)?;
    let consent = consent.and_then(|version| version.parse().ok()).ok_or(ShopError::ConsentMissing)?;
    let order = Order { product_id, key: Some(key), locale: server::locale(), consent: Some(consent) };
    let purchase = shop.billing.order(&caller, order).await?;
    let purchase_id = purchase.id;
    Ok(match (purchase.state, purchase.checkout) {
        (State::Paid(_) | State::Refunded(_), _) => Ordered::Paid { purchase_id },
        (State::Failed(_), _) => Ordered::Failed { purchase_id },
        (State::Pending(_), Some(checkout)) if checkout.url.is_empty() => {
            Ordered::Processing { session_id: checkout.provider_ref }
        }
        (State::Pending(_), Some(checkout)) => Ordered::Pay { url: checkout.url },
        (State::Pending(_), None) => return Err(ShopError::ProviderUnavailable),
    })
}
