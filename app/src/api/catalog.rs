//! What is on sale.

use super::{convert::product_view, server};
use crate::{error::ShopError, views::ProductView};

/// The products on sale.
pub(crate) fn products() -> Result<Vec<ProductView>, ShopError> {
    let locale = server::locale();
    Ok(server::shop()?.billing.products().iter().map(|product| product_view(product, locale)).collect())
}
