//! A purchase after its payment page: how it stands, and dropping it.

use billing::ids::PurchaseId;
use leptos::prelude::*;

use super::json::Json;
use crate::{error::ShopError, views::PurchaseStatusView};

/// Asks the provider about a checkout session, and settles its purchase if the money is there.
#[server(prefix = "/api", endpoint = "confirm_checkout", output = Json)]
pub(crate) async fn confirm_checkout(session_id: String) -> Result<PurchaseStatusView, ShopError> {
    let (shop, principal) = super::server::signed_in()?;
    let purchase = shop.billing.confirm_checkout(principal.tenant_id, &session_id).await?.ok_or(ShopError::NotFound)?;
    let balance = shop.billing.balance(principal.tenant_id).await?;
    Ok(super::convert::purchase_status(&purchase, true, balance, &shop.settings.time_zone))
}

/// How a purchase stands that the buyer has come back from, without having paid on its payment page. The provider is
/// asked, since it may be paid all the same.
#[server(prefix = "/api", endpoint = "purchase_status", output = Json)]
pub(crate) async fn purchase_status(purchase_id: PurchaseId) -> Result<PurchaseStatusView, ShopError> {
    super::server::purchase_status(purchase_id).await
}

/// Drops a purchase, so that nobody can pay it any more; one that was paid in the meantime is settled instead. A plain
/// form is answered with the cancel page.
#[server(prefix = "/api", endpoint = "discard_purchase", output = Json)]
pub(crate) async fn discard_purchase(purchase_id: PurchaseId) -> Result<PurchaseStatusView, ShopError> {
    let page = crate::routes::cancel(&purchase_id.to_string());
    let discarded = super::server::discard(purchase_id).await;
    super::server::redirect_plain_form(&match &discarded {
        // Of an unknown purchase, the page says so.
        Ok(_) | Err(ShopError::NotFound) => page,
        Err(ShopError::NotSignedIn) => crate::routes::sign_in(&page),
        Err(error) => crate::routes::with_error(&page, *error),
    });
    discarded
}
