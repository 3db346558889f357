//! Coming back from the payment page, with or without having paid.

use billing::{ids::PurchaseId, money::Credits};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::history::PurchaseView;
#[cfg(feature = "ssr")]
use super::server;
use crate::error::ShopError;
#[cfg(feature = "ssr")]
use crate::routes;

/// How a purchase stands after its provider was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Confirmed {
    pub(crate) purchase: PurchaseView,
    /// The balance afterwards.
    pub(crate) balance: Credits,
}

/// Asks the provider about a checkout session, and settles its purchase if the money is there.
#[server(prefix = "/api", endpoint = "confirm_checkout")]
pub(crate) async fn confirm_checkout(session_id: String) -> Result<Confirmed, ShopError> {
    let confirm = async {
        let (shop, caller) = server::signed_in()?;
        let purchase = shop.billing.confirm_checkout(caller.tenant_id, &session_id).await?;
        let purchase = purchase.ok_or(ShopError::NotFound)?;
        let balance = shop.billing.balance(caller.tenant_id).await?;
        let purchase = PurchaseView::new(&purchase, &shop.settings.time_zone);
        Ok(Confirmed { purchase, balance: balance.credits })
    };
    server::answer(confirm.await)
}

/// A purchase that the buyer did not pay, or not yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cancelled {
    pub(crate) purchase: PurchaseView,
    /// The open payment page, while it can still be paid.
    pub(crate) checkout_url: Option<String>,
}

#[cfg(feature = "ssr")]
impl Cancelled {
    fn new(purchase: &billing::purchase::Purchase, zone: &jiff::tz::TimeZone) -> Self {
        let open = purchase.status() == billing::purchase::Status::Pending;
        let checkout = purchase.checkout.as_ref().filter(|checkout| open && !checkout.url.is_empty());
        Self {
            purchase: PurchaseView::new(purchase, zone),
            checkout_url: checkout.map(|checkout| checkout.url.clone()),
        }
    }
}

/// The purchase that the buyer has come back from without paying.
#[server(prefix = "/api", endpoint = "cancelled_purchase")]
pub(crate) async fn cancelled_purchase(purchase_id: PurchaseId) -> Result<Cancelled, ShopError> {
    let read = async {
        let (shop, caller) = server::signed_in()?;
        let purchase = shop.billing.purchase(caller.tenant_id, purchase_id).await?;
        let purchase = purchase.ok_or(ShopError::NotFound)?;
        Ok(Cancelled::new(&purchase, &shop.settings.time_zone))
    };
    server::answer(read.await)
}

/// Drops a purchase, so that nobody can pay it any more.
#[server(prefix = "/api", endpoint = "discard_purchase")]
pub(crate) async fn discard_purchase(purchase_id: PurchaseId) -> Result<Cancelled, ShopError> {
    let discard = async {
        let (shop, caller) = server::signed_in()?;
        let purchase = shop.billing.discard(caller.tenant_id, purchase_id).await?;
        let purchase = purchase.ok_or(ShopError::NotFound)?;
        Ok(Cancelled::new(&purchase, &shop.settings.time_zone))
    };
    let outcome = discard.await;
    server::redirect_plain_form(|| {
        let page = routes::cancel(&purchase_id.to_string());
        match &outcome {
            Ok(_) | Err(ShopError::NotFound) => page,
            Err(ShopError::NotSignedIn) => routes::sign_in(&page),
            Err(error) => server::with_error(&page, *error),
        }
    });
    server::answer(outcome)
}
