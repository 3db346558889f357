//! The receipt of a purchase.

use billing::{
    BillingError,
    ids::PurchaseId,
    ledger::{Entry, EntryKind},
    money::{Credits, Money},
    purchase::Purchase,
    receipt::{Issuer, ReceiptNumber, Seller},
    reversal::{Return, ReturnKind},
    store::StoreError,
};
use jiff::Timestamp;

use super::{convert::purchase_view, server};
use crate::{context::Shop, error::ShopError, views::PurchaseView, wall_time::WallTime};

/// The contents of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReceiptView {
    pub(crate) purchase: PurchaseView,
    /// `None` while the purchase is not paid.
    pub(crate) number: Option<ReceiptNumber>,
    pub(crate) issued_at: Option<WallTime>,
    pub(crate) seller: Seller,
    pub(crate) buyer_email: String,
    /// In hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    /// The provider's id of the payment.
    pub(crate) payment_ref: Option<String>,
    pub(crate) paid_at: Option<WallTime>,
    pub(crate) refunded_at: Option<WallTime>,
    /// Refunds and disputes so far, oldest first.
    pub(crate) returns: Vec<ReturnView>,
    /// Its ledger entries, oldest first.
    pub(crate) entries: Vec<EntryView>,
}

/// A refund or a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReturnView {
    pub(crate) kind: ReturnKind,
    pub(crate) amount: Money,
    /// When it was made, if known.
    pub(crate) at: Option<WallTime>,
}

/// A ledger entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryView {
    pub(crate) kind: EntryKind,
    pub(crate) credits: Credits,
    pub(crate) balance_after: Credits,
    pub(crate) at: WallTime,
}

/// The receipt of one of the signed-in customer's purchases.
pub(crate) async fn receipt(purchase_id: PurchaseId) -> Result<ReceiptView, ShopError> {
    let (shop, principal) = server::signed_in()?;
    let purchase = shop.billing.purchase(principal.tenant_id, purchase_id).await?.ok_or(ShopError::NotFound)?;
    let receipt = shop.billing.receipt(&purchase, &shop.settings.issuer).await?;
    let entries = shop.billing.entries(principal.tenant_id, purchase_id).await?;
    Ok(match receipt {
        Some(receipt) => ReceiptView::issued(&shop, &purchase, &receipt, &entries)?,
        None => ReceiptView::new(&shop, &purchase, &shop.settings.issuer, principal.email.as_str(), &entries)?,
    })
}

impl ReceiptView {
    /// For an issued receipt: seller, VAT rate and buyer are those of the time of issue.
    pub(crate) fn issued(
        shop: &Shop,
        purchase: &Purchase,
        receipt: &billing::receipt::Receipt,
        entries: &[Entry],
    ) -> Result<Self, BillingError> {
        let view = Self::new(shop, purchase, &receipt.issuer, &receipt.buyer_email, entries)?;
        let issued_at = WallTime::at(receipt.issued_at, &shop.settings.time_zone);
        Ok(Self { number: Some(receipt.number), issued_at: Some(issued_at), ..view })
    }

    /// For a purchase without a receipt.
    fn new(
        shop: &Shop,
        purchase: &Purchase,
        issuer: &Issuer,
        buyer_email: &str,
        entries: &[Entry],
    ) -> Result<Self, BillingError> {
        let zone = &shop.settings.time_zone;
        let price = purchase.item.price;
        let vat = price.split_vat(issuer.vat_rate_basis_points);
        let vat =
            vat.ok_or_else(|| StoreError::Corrupt(format!("purchase {}: no price to take apart", purchase.id)))?;
        // If the provider gave no date, uses that of the booking.
        let booked_at = |effect_ref: &str| {
            let entry = entries.iter().find(|entry| entry.booked.effect_ref == effect_ref);
            entry.map(|entry| entry.booked.created_at)
        };
        let made_at = |listed: &Return| {
            let told = listed.made_at.and_then(|second| Timestamp::from_second(second).ok());
            told.or_else(|| booked_at(&listed.effect_ref))
        };
        let mut returns: Vec<_> =
            purchase.reversals.returns().into_iter().map(|listed| (made_at(&listed), listed)).collect();
        returns.sort_by_key(|(at, _)| (at.is_none(), *at));
        let returned = |(at, listed): (Option<Timestamp>, Return)| {
            let amount = Money { cents: listed.amount, ..price };
            ReturnView { kind: listed.kind, amount, at: at.map(|at| WallTime::at(at, zone)) }
        };
        let entry = |entry: &Entry| EntryView {
            kind: entry.booked.kind,
            credits: entry.booked.credits,
            balance_after: entry.balance_after,
            at: WallTime::at(entry.booked.created_at, zone),
        };
        Ok(Self {
            number: None,
            issued_at: None,
            seller: issuer.seller.clone(),
            buyer_email: buyer_email.to_owned(),
            vat_rate_basis_points: issuer.vat_rate_basis_points,
            net: vat.net,
            tax: vat.tax,
            payment_ref: purchase.payment_ref.clone(),
            paid_at: purchase.state.paid_at().map(|at| WallTime::at(at, zone)),
            refunded_at: purchase.state.refunded_at().map(|at| WallTime::at(at, zone)),
            returns: returns.into_iter().map(returned).collect(),
            entries: entries.iter().map(entry).collect(),
            purchase: purchase_view(purchase, zone),
        })
    }
}
