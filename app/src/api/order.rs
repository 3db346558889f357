//! Ordering: the form, and what sending it leads to.

use billing::{
    Order,
    consent::ConsentText,
    purchase::{Purchase, State},
};
use leptos::prelude::*;

use super::{catalog::ProductView, server};
use crate::{error::ShopError, islands::order::Onward, routes};

/// The order form of one product.
#[derive(Clone, Debug)]
pub(crate) struct OrderFormView {
    pub(crate) product: ProductView,
    /// Makes one purchase of however many sendings of this form.
    pub(crate) order_key: String,
    /// The wording by which the buyer agrees that delivery begins at once (§ 356 (5) BGB).
    pub(crate) consent: ConsentText,
}

/// The form for ordering a product, with a key of its own.
pub(crate) fn order_form(product_id: &str) -> Result<OrderFormView, ShopError> {
    let (shop, _) = server::signed_in()?;
    let product =
        shop.billing.products().iter().find(|product| product.id == product_id).ok_or(ShopError::UnknownProduct)?;
    let consent = &shop.settings.legal.of(server::locale()).consent;
    Ok(OrderFormView {
        product: product.into(),
        order_key: shop.billing.order_key().as_str().to_owned(),
        consent: consent.clone(),
    })
}

/// Orders a product and opens its checkout session; the same key again gives the same purchase. `consent` is the version
/// of the wording whose box is ticked; a form sends nothing of a box that is not. Answers with the address to go on at: an
/// order that fails leads back to its form, with the reason, and with its key where it may still go through.
#[server(prefix = "/api", endpoint = "create_checkout")]
pub(crate) async fn create_checkout(
    product_id: String,
    order_key: String,
    #[server(default)] consent: Option<String>,
) -> Result<Onward, ServerFnError> {
    let onward = match place(&product_id, &order_key, consent.as_deref()).await.and_then(|purchase| onward(&purchase)) {
        Ok(onward) => onward,
        Err(ShopError::NotSignedIn) => page(routes::sign_in(&routes::order(&product_id))),
        Err(error) => {
            let form = routes::with_error(&routes::order(&product_id), error);
            let key = error.keeps_order().then(|| format!("&key={}", routes::encoded(&order_key)));
            page(form + key.as_deref().unwrap_or_default())
        }
    };
    server::redirect_plain_form(&onward.address);
    Ok(onward)
}

async fn place(product_id: &str, order_key: &str, consent: Option<&str>) -> Result<Purchase, ShopError> {
    let (shop, caller) = server::signed_in()?;
    let key = order_key.parse().map_err(|_| ShopError::Malformed)?;
    let consent = consent.and_then(|version| version.parse().ok()).ok_or(ShopError::ConsentMissing)?;
    let order = Order { product_id, key: Some(key), locale: server::locale(), consent: Some(consent) };
    Ok(shop.billing.order(&caller, order).await?)
}

/// On to a page of the shop's.
fn page(address: String) -> Onward {
    Onward { address, pays: false }
}

/// Where an order leads.
fn onward(purchase: &Purchase) -> Result<Onward, ShopError> {
    let id = purchase.id.to_string();
    Ok(match (&purchase.state, &purchase.checkout) {
        // The same form was sent before, and that purchase is paid, or has ended.
        (State::Paid(_) | State::Refunded(_), _) => page(routes::receipt(&id)),
        (State::Failed(_), _) => page(routes::cancel(&id)),
        // The payment was begun; its page is closed.
        (State::Pending(_), Some(checkout)) if checkout.url.is_empty() => page(routes::success(&checkout.provider_ref)),
        (State::Pending(_), Some(checkout)) => Onward { address: checkout.url.clone(), pays: true },
        (State::Pending(_), None) => return Err(ShopError::ProviderUnavailable),
    })
}
