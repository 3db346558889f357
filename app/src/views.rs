//! The types that server functions return and islands render: plain data, the same on both sides.

use billing::{
    catalog::PurchaseType,
    ids::PurchaseId,
    money::{Credits, Money},
    purchase::{FailureReason, Status},
    wallet::Funds,
};
use serde::{Deserialize, Serialize};

use crate::wall_time::WallTime;

/// A product in the shop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProductView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) kind: PurchaseType,
    pub(crate) credits: Credits,
    /// What it is, if its number of credits does not say so.
    pub(crate) about: Option<String>,
    /// VAT included.
    pub(crate) price: Money,
    /// The price of one of its credits; `None` if the product is more than its credits.
    pub(crate) price_per_credit: Option<Money>,
    /// How much less it costs than its credits bought one by one; `None` if it is not less.
    pub(crate) saving: Option<Money>,
}

/// The order form of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderFormView {
    pub(crate) product: ProductView,
    /// The idempotency key: however often the form is sent, it is one order.
    pub(crate) order_key: String,
    /// The version of the consent's wording.
    pub(crate) consent_version: String,
    /// The wording with which the buyer agrees to immediate delivery (§ 356 (5) BGB).
    pub(crate) consent: String,
    /// The VAT in the price, in hundredths of a per cent.
    pub(crate) vat_rate_basis_points: i64,
    /// Whether the shop is in mock mode.
    pub(crate) mock: bool,
}

/// Where to redirect the buyer after an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OrderRedirect {
    pub(crate) address: String,
    /// Whether it is the payment page.
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
    /// Why it is FAILED, if it is.
    pub(crate) failure: Option<FailureReason>,
    /// Whether it is PENDING with a payment under way.
    pub(crate) processing: bool,
    /// The amount refunded so far.
    pub(crate) refunded: Money,
    /// Whether a dispute is open or lost.
    pub(crate) disputed: bool,
    /// Its checkout session, once there is one.
    pub(crate) session_id: Option<String>,
    pub(crate) ordered_at: WallTime,
}

/// A page of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HistoryView {
    pub(crate) items: Vec<PurchaseView>,
    /// The purchase after which the next page starts.
    pub(crate) next: Option<PurchaseId>,
}

/// The status of a purchase, and the possible actions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PurchaseStatusView {
    pub(crate) purchase: PurchaseView,
    /// The payment page, while it is open.
    pub(crate) checkout_url: Option<String>,
    /// Whether the provider has confirmed the status. If not, the purchase may be paid.
    pub(crate) known: bool,
    /// The buyer's new credits.
    pub(crate) funds: Funds,
}
