//! The credit balance.

use billing::ledger::Balance;
use leptos::prelude::*;

use super::json::Json;
use crate::error::ShopError;

/// The signed-in customer's balance.
#[server(prefix = "/api", endpoint = "current_balance", output = Json)]
pub(crate) async fn current_balance() -> Result<Balance, ShopError> {
    let (shop, principal) = super::server::signed_in()?;
    Ok(shop.billing.balance(principal.tenant_id).await?)
}
