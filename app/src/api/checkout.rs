//! Coming back from the payment page, with or without having paid.

use billing::{
    BillingError,
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
    /// Whether the provider has told how the payment stands. If not, the purchase may be paid.
    pub(crate) known: bool,
}

impl Cancelled {
    fn new(purchase: &Purchase, known: bool, zone: &jiff::tz::TimeZone) -> Self {
        let open = purchase.status() == Status::Pending;
        let checkout = purchase.checkout.as_ref().filter(|checkout| open && !checkout.url.is_empty());
        Self {
            purchase: PurchaseView::new(purchase, zone),
            checkout_url: checkout.map(|checkout| checkout.url.clone()),
            known,
        }
    }
}

/// The purchase that the buyer has come back from, without having paid on that page. The provider is asked, since it may
/// be paid all the same.
pub(crate) async fn cancelled_purchase(purchase_id: PurchaseId) -> Result<Cancelled, ShopError> {
    let (shop, caller) = server::signed_in()?;
    let (purchase, known) = match shop.billing.check_unpaid(caller.tenant_id, purchase_id).await {
        Ok(purchase) => (purchase, true),
        Err(error @ (BillingError::Provider(_) | BillingError::SessionMissing)) => {
            tracing::warn!(%error, "it is not known how a payment stands");
            (shop.billing.purchase(caller.tenant_id, purchase_id).await?, false)
        }
        Err(error) => return Err(error.into()),
    };
    let purchase = purchase.ok_or(ShopError::NotFound)?;
    Ok(Cancelled::new(&purchase, known, &shop.settings.time_zone))
}
