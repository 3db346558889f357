//! The ledger.

use leptos::prelude::*;

use super::json::Json;
use crate::{error::ShopError, views::LedgerView};

/// How many entries a page has; as many as the chart can show apart from one another.
#[cfg(feature = "ssr")]
const PAGE_LIMIT: u32 = 50;

/// The signed-in customer's entries before entry `before`, or the newest.
#[server(prefix = "/api", endpoint = "ledger", output = Json)]
pub(crate) async fn ledger(#[server(default)] before: Option<i64>) -> Result<LedgerView, ShopError> {
    let (shop, caller) = super::server::signed_in()?;
    let page = shop.billing.ledger(caller.tenant_id, PAGE_LIMIT, before).await?;
    let zone = &shop.settings.time_zone;
    let entries = page.items.iter().map(|entry| super::convert::ledger_entry(entry, zone)).collect();
    Ok(LedgerView { entries, next: page.next, as_of: super::convert::moment(page.as_of, zone) })
}
