//! Coming back from the payment page, with or without having paid.

use billing::{
    ids::PurchaseId,
    money::Credits,
    purchase::{Purchase, Status},
};

use super::{history::PurchaseView, server};
use crate::error::ShopError;

/// How a purchase stands after its provider was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Confirmed {
    pub(crate) purchase: PurchaseView,
    /// The balance afterwards.
    pub(crate) balance: Credits,
}

/// Asks the provider about a checkout session, and settles its purchase if the money is there.
pub(crate) async fn confirm_checkout(session_id: String) -> Result<Confirmed, ShopError> {
    let (shop, caller) = server::signed_in()?;
    let purchase = shop.billing.confirm_checkout(caller.tenant_id, &session_id).await?;
    let purchase = purchase.ok_or(ShopError::NotFound)?;
    let balance = shop.billing.balance(caller.tenant_id).await?;
    let purchase = PurchaseView::new(&purchase, &shop.settings.time_zone);
    Ok(Confirmed { purchase, balance: balance.credits })
}

/// A purchase that the buyer did not pay, or not yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cancelled {
    pub(crate) purchase: PurchaseView,
    /// The open payment page, while it can still be paid.
    pub(crate) checkout_url: Option<String>,
}

impl Cancelled {
    fn new(purchase: &Purchase, zone: &jiff::tz::TimeZone) -> Self {
        let open = purchase.status() == Status::Pending;
        let checkout = purchase.checkout.as_ref().filter(|checkout| open && !checkout.url.is_empty());
        Self {
            purchase: PurchaseView::new(purchase, zone),
            checkout_url: checkout.map(|checkout| checkout.url.clone()),
        }
    }
}

/// The purchase that the buyer has come back from without paying.
pub(crate) async fn cancelled_purchase(purchase_id: PurchaseId) -> Result<Cancelled, ShopError> {
    let (shop, caller) = server::signed_in()?;
    let purchase = shop.billing.purchase(caller.tenant_id, purchase_id).await?;
    let purchase = purchase.ok_or(ShopError::NotFound)?;
    Ok(Cancelled::new(&purchase, &shop.settings.time_zone))
}
