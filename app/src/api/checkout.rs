//! A purchase after its payment page: its status, and discarding it.

use billing::ids::PurchaseId;
use leptos::prelude::*;

use super::json::Json;
use crate::{error::ShopError, views::PurchaseStatusView};

/// Asks the provider about a checkout session, and settles its purchase if it is paid.
#[server(prefix = "/api", endpoint = "confirm_checkout", output = Json)]
pub(crate) async fn confirm_checkout(session_id: String) -> Result<PurchaseStatusView, ShopError> {
    let (shop, principal) = super::server::signed_in()?;
    let purchase = shop.billing.confirm_checkout(principal.tenant_id, &session_id).await?.ok_or(ShopError::NotFound)?;
    let funds = shop.billing.funds(principal.tenant_id).await?;
    Ok(super::convert::purchase_status(&purchase, true, funds, &shop.settings.time_zone))
}

/// The status of a purchase whose buyer has returned without paying. Asks the provider, because it may be paid anyway.
#[server(prefix = "/api", endpoint = "purchase_status", output = Json)]
pub(crate) async fn purchase_status(purchase_id: PurchaseId) -> Result<PurchaseStatusView, ShopError> {
    super::server::purchase_status(purchase_id).await
}

/// Discards a purchase, so that it can no longer be paid; one that was paid in the meantime is settled instead. A plain
/// form is answered with the cancel page.
#[server(prefix = "/api", endpoint = "discard_purchase", output = Json)]
pub(crate) async fn discard_purchase(purchase_id: PurchaseId) -> Result<PurchaseStatusView, ShopError> {
    let page = crate::routes::cancel(&purchase_id.to_string());
    let discarded = super::server::discard(purchase_id).await;
    super::server::redirect_plain_form(&match &discarded {
        // The page itself says that a purchase is unknown.
        Ok(_) | Err(ShopError::NotFound) => page,
        Err(ShopError::NotSignedIn) => crate::routes::sign_in(&page),
        Err(error) => crate::routes::with_error(&page, *error),
    });
    discarded
}
