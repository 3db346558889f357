//! The credit balance.

use billing::wallet::Funds;
use leptos::prelude::*;

use super::json::Json;
use crate::error::ShopError;

/// The signed-in customer's credits.
#[server(prefix = "/api", endpoint = "current_balance", output = Json)]
pub(crate) async fn current_balance() -> Result<Funds, ShopError> {
    let (shop, principal) = super::server::signed_in()?;
    Ok(shop.billing.funds(principal.tenant_id).await?)
}
