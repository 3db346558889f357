//! What is on sale.

use billing::{
    catalog::{Product, PurchaseType},
    money::{Credits, Money},
};

use super::server;
use crate::error::ShopError;

/// A product on the shelf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProductView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: PurchaseType,
    pub(crate) credits: Credits,
    /// VAT included.
    pub(crate) price: Money,
}

impl From<&Product> for ProductView {
    fn from(product: &Product) -> Self {
        Self {
            id: product.id.to_owned(),
            name: product.name.to_owned(),
            kind: product.kind,
            credits: product.credits,
            price: product.price,
        }
    }
}

/// Everything on sale.
pub(crate) fn products() -> Result<Vec<ProductView>, ShopError> {
    Ok(server::shop()?.billing.products().iter().map(ProductView::from).collect())
}
