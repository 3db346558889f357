//! What is on sale.

use super::{convert::product_view, server};
use crate::{error::ShopError, views::ProductView};

/// Everything on sale.
pub(crate) fn products() -> Result<Vec<ProductView>, ShopError> {
    Ok(server::shop()?.billing.products().iter().map(product_view).collect())
}
