//! The receipt of a purchase.

use billing::{
    ids::PurchaseId,
    ledger::EntryKind,
    money::{Credits, Money},
};
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::history::PurchaseView;
#[cfg(feature = "ssr")]
use super::server;
use crate::{error::ShopError, format::WallTime};

/// All that the receipt says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ReceiptView {
    pub(crate) purchase: PurchaseView,
    pub(crate) seller: SellerView,
    pub(crate) buyer_email: String,
    /// In hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    /// The provider's name for the payment.
    pub(crate) payment_ref: Option<String>,
    pub(crate) paid_at: Option<WallTime>,
    pub(crate) refunded_at: Option<WallTime>,
    /// What it did to the balance, oldest first.
    pub(crate) entries: Vec<EntryView>,
}

/// Who sells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SellerView {
    pub(crate) name: String,
    /// One line each.
    pub(crate) address: Vec<String>,
    pub(crate) vat_id: String,
}

/// A ledger entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryView {
    pub(crate) kind: EntryKind,
    pub(crate) credits: Credits,
    pub(crate) balance_after: Credits,
    pub(crate) at: WallTime,
}

/// The receipt of one of the signed-in visitor's purchases.
#[server(prefix = "/api", endpoint = "receipt")]
pub(crate) async fn receipt(purchase_id: PurchaseId) -> Result<ReceiptView, ShopError> {
    server::answer(read(purchase_id).await)
}

#[cfg(feature = "ssr")]
async fn read(purchase_id: PurchaseId) -> Result<ReceiptView, ShopError> {
    let (shop, caller) = server::signed_in()?;
    let purchase = shop.billing.purchase(caller.tenant_id, purchase_id).await?.ok_or(ShopError::NotFound)?;
    let entries = shop.billing.entries(caller.tenant_id, purchase_id).await?;
    let settings = &shop.settings;
    let zone = &settings.time_zone;
    let vat = purchase.item.price.split_vat(settings.vat_rate_basis_points).ok_or(ShopError::Unavailable)?;
    Ok(ReceiptView {
        seller: SellerView {
            name: settings.seller.name.clone(),
            address: settings.seller.address.clone(),
            vat_id: settings.seller.vat_id.clone(),
        },
        buyer_email: caller.email.as_str().to_owned(),
        vat_rate_basis_points: settings.vat_rate_basis_points,
        net: vat.net,
        tax: vat.tax,
        payment_ref: purchase.payment_ref.clone(),
        paid_at: purchase.state.paid_at().map(|at| WallTime::at(at, zone)),
        refunded_at: purchase.state.refunded_at().map(|at| WallTime::at(at, zone)),
        entries: entries
            .iter()
            .map(|entry| EntryView {
                kind: entry.booked.kind,
                credits: entry.booked.credits,
                balance_after: entry.balance_after,
                at: WallTime::at(entry.booked.created_at, zone),
            })
            .collect(),
        purchase: PurchaseView::new(&purchase, zone),
    })
}
