//! The purchase history.

use billing::{
    ids::PurchaseId,
    money::{Credits, Money},
    purchase::{FailureReason, Status},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::server;
use crate::{error::ShopError, format::WallTime};

/// How many purchases a page of the history has.
const PAGE_LIMIT: u32 = 10;

/// A purchase, as the history shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PurchaseView {
    pub(crate) id: PurchaseId,
    pub(crate) product_id: String,
    pub(crate) name: String,
    pub(crate) credits: Credits,
    pub(crate) price: Money,
    pub(crate) status: Status,
    /// While it stands FAILED.
    pub(crate) failure: Option<FailureReason>,
    /// A payment was begun whose money is not there yet, while it stands PENDING.
    pub(crate) processing: bool,
    /// What was refunded so far.
    pub(crate) refunded: Money,
    /// A dispute is open, or lost.
    pub(crate) disputed: bool,
    /// Its checkout session, once there is one.
    pub(crate) session_id: Option<String>,
    pub(crate) ordered_at: WallTime,
}

impl PurchaseView {
    pub(crate) fn new(purchase: &billing::purchase::Purchase, zone: &jiff::tz::TimeZone) -> Self {
        let status = purchase.status();
        Self {
            id: purchase.id,
            product_id: purchase.item.product_id.clone(),
            name: purchase.item.name.clone(),
            credits: purchase.item.credits,
            price: purchase.item.price,
            status,
            failure: purchase.state.failure().map(|failed| failed.reason),
            processing: status == Status::Pending && purchase.payment_ref.is_some(),
            refunded: Money {
                cents: purchase.reversals.refunded(purchase.sold()),
                currency: purchase.item.price.currency,
            },
            disputed: purchase.reversals.is_disputed(),
            session_id: purchase.checkout.as_ref().map(|checkout| checkout.provider_ref.clone()),
            ordered_at: WallTime::at(purchase.created_at, zone),
        }
    }
}

/// A page of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HistoryView {
    pub(crate) items: Vec<PurchaseView>,
    /// Where the next page goes on.
    pub(crate) next: Option<PurchaseId>,
}

/// The signed-in visitor's purchases older than `cursor`, or the newest.
#[server(prefix = "/api", endpoint = "purchase_history")]
pub(crate) async fn purchase_history(cursor: Option<PurchaseId>) -> Result<HistoryView, ShopError> {
    let (shop, caller) = server::signed_in()?;
    let page = shop.billing.history(caller.tenant_id, PAGE_LIMIT, cursor).await?;
    let zone = &shop.settings.time_zone;
    let items = page.items.iter().map(|purchase| PurchaseView::new(purchase, zone)).collect();
    Ok(HistoryView { items, next: page.next })
}
