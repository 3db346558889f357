//! The purchase history.

use billing::ids::PurchaseId;
use leptos::prelude::*;

use super::json::Json;
use crate::{error::ShopError, views::HistoryView};

/// How many purchases a page of the history has.
#[cfg(feature = "ssr")]
const PAGE_LIMIT: u32 = 10;

/// The signed-in customer's purchases older than `cursor`, or the newest.
#[server(prefix = "/api", endpoint = "purchase_history", output = Json)]
pub(crate) async fn purchase_history(#[server(default)] cursor: Option<PurchaseId>) -> Result<HistoryView, ShopError> {
    let (shop, principal) = super::server::signed_in()?;
    let page = shop.billing.history(principal.tenant_id, PAGE_LIMIT, cursor).await?;
    let view = |purchase| super::purchase_view(purchase, &shop.settings.time_zone);
    Ok(HistoryView { items: page.items.iter().map(view).collect(), next: page.next })
}
