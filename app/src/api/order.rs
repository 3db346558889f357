//! The order form.

use billing::consent::ConsentText;

use super::{catalog::ProductView, server};
use crate::error::ShopError;

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
