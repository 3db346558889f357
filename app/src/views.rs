//! What server functions answer with, and islands are rendered from: plain data, the same on both sides.

use billing::{
    catalog::PurchaseType,
    ids::PurchaseId,
    ledger::Balance,
    money::{Credits, Money},
    purchase::{FailureReason, Status},
};
use serde::{Deserialize, Serialize};

use crate::wall_time::WallTime;

/// A product on the shelf.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProductView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: PurchaseType,
    pub(crate) credits: Credits,
    /// What it is, where its credits do not say it all.
    pub(crate) about: Option<String>,
    /// VAT included.
    pub(crate) price: Money,
    /// What a credit costs in it; none where the product is more than its credits.
    pub(crate) price_per_credit: Option<Money>,
    /// How much less it costs than its credits one by one; none where that is nothing.
    pub(crate) saving: Option<Money>,
}

/// The order form of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderFormView {
    pub(crate) product: ProductView,
    /// The same key again is the same order, however often the form is sent.
    pub(crate) order_key: String,
    /// The version of the consent's wording.
    pub(crate) consent_version: String,
    /// The wording by which the buyer agrees that delivery begins at once (§ 356 (5) BGB).
    pub(crate) consent: String,
    /// The VAT in the price, in hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    /// No real money is paid.
    pub(crate) mock: bool,
}

/// Where an order leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderRedirect {
    pub(crate) address: String,
    /// It is the payment page.
    pub(crate) pays: bool,
}

/// A purchase, as the history shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PurchaseView {
    pub(crate) id: PurchaseId,
    pub(crate) product_id: String,
    pub(crate) name: String,
    pub(crate) kind: PurchaseType,
    pub(crate) credits: Credits,
    pub(crate) price: Money,
    pub(crate) status: Status,
    /// While it is FAILED.
    pub(crate) failure: Option<FailureReason>,
    /// While it is PENDING: a payment was begun, and its money has not arrived.
    pub(crate) processing: bool,
    /// What was refunded so far.
    pub(crate) refunded: Money,
    /// A dispute is open, or lost.
    pub(crate) disputed: bool,
    /// Its checkout session, once there is one.
    pub(crate) session_id: Option<String>,
    pub(crate) ordered_at: WallTime,
}

/// A page of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HistoryView {
    pub(crate) items: Vec<PurchaseView>,
    /// The purchase that the next page goes on after.
    pub(crate) next: Option<PurchaseId>,
}

/// How a purchase stands, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PurchaseStatusView {
    pub(crate) purchase: PurchaseView,
    /// The open payment page, while it can still be paid.
    pub(crate) checkout_url: Option<String>,
    /// Whether the provider has told how the payment stands. If not, the purchase may be paid.
    pub(crate) known: bool,
    /// The balance afterwards.
    pub(crate) balance: Balance,
}
