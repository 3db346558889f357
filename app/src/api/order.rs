//! The order form, and the order.
#![cfg_attr(
    feature = "ssr",
    expect(clippy::unused_async, reason = "a server function is asynchronous, whatever it waits for")
)]

use leptos::prelude::*;

use super::json::Json;
use crate::{
    error::ShopError,
    views::{OrderFormView, OrderRedirect},
};

/// The form for ordering a product, with a key of its own.
#[server(prefix = "/api", endpoint = "order_form", output = Json)]
pub(crate) async fn order_form(product_id: String) -> Result<OrderFormView, ShopError> {
    let (shop, _) = super::server::signed_in()?;
    let product = shop.billing.products().iter().find(|product| product.id == product_id);
    let product = product.ok_or(ShopError::UnknownProduct)?;
    let locale = super::server::locale();
    let consent = &shop.settings.legal.of(locale).consent;
    Ok(OrderFormView {
        product: super::product_view(product, locale),
        order_key: shop.billing.order_key().as_str().to_owned(),
        consent_version: consent.version.to_string(),
        consent: consent.text.clone(),
        vat_rate_basis_points: shop.settings.issuer.vat_rate_basis_points,
        mock: shop.settings.mock,
    })
}

/// Orders a product and opens its checkout session. The same key again gives the same purchase. `consent` is the
/// version of the wording whose check box is ticked; forms do not send an unticked box. A plain form is redirected to
/// the payment page or the purchase, or back to the form with the error, and with its key if the same order can still
/// succeed.
#[server(prefix = "/api", endpoint = "create_checkout", output = Json)]
pub(crate) async fn create_checkout(
    #[server(default)] product_id: String,
    #[server(default)] order_key: String,
    #[server(default)] consent: Option<String>,
) -> Result<OrderRedirect, ShopError> {
    let ordered = super::server::place_order(&product_id, &order_key, consent.as_deref()).await;
    super::server::redirect_plain_form(&match &ordered {
        Ok(redirect) => redirect.address.clone(),
        Err(error) => crate::routes::order_again(&product_id, &order_key, *error),
    });
    ordered
}
