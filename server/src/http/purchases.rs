//! The purchase history and the receipt.

use axum::{Json, extract::State};
use billing::{
    billing::{HISTORY_LIMIT_MAX, HistoryPage},
    catalog::PurchaseType,
    ids::PurchaseId,
    ledger::{Entry, EntryKind},
    purchase::{FailureReason, Purchase, Status},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    input::{Id, Params, page_limit},
    problem::Problem,
};
use crate::{identity::RequireUser, state::AppState};

/// One order of one product, with its name and price at the time of the order.
#[derive(Serialize, ToSchema)]
#[schema(as = Purchase)]
pub struct PurchaseView {
    #[schema(value_type = String, format = "uuid")]
    id: PurchaseId,
    product_id: String,
    product_name: String,
    #[serde(rename = "type")]
    kind: PurchaseType,
    status: Status,
    /// Only while FAILED.
    failure_reason: Option<FailureReason>,
    /// What is booked when it is paid.
    credits: i64,
    /// Gross, VAT included.
    amount_cents: i64,
    /// ISO 4217.
    currency: &'static str,
    /// The wording with which the buyer agreed to immediate delivery, if they did.
    consent: Option<String>,
    /// Always STRIPE.
    provider: &'static str,
    /// The checkout session, once there is one.
    session_id: Option<String>,
    /// The printed number of its receipt, which is issued moments after the payment.
    #[schema(pattern = "^IZA-([0-9]{8}T[0-9]{6}-)?[0-9]{6,}$")]
    receipt_number: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    failed_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    refunded_at: Option<Timestamp>,
}

impl From<Purchase> for PurchaseView {
    fn from(purchase: Purchase) -> Self {
        Self {
            id: purchase.id,
            product_id: purchase.item.product_id,
            product_name: purchase.item.name,
            kind: purchase.item.kind,
            status: purchase.state.status(),
            failure_reason: purchase.state.failure().map(|failed| failed.reason),
            credits: purchase.item.credits.0,
            amount_cents: purchase.item.price.cents,
            currency: purchase.item.price.currency.code(),
            consent: purchase.consent.map(|version| version.to_string()),
            provider: "STRIPE",
            session_id: purchase.checkout.map(|checkout| checkout.provider_ref),
            receipt_number: purchase.receipt_number.map(|number| number.to_string()),
            created_at: purchase.created_at,
            updated_at: purchase.updated_at,
            paid_at: purchase.state.paid_at(),
            failed_at: purchase.state.failure().map(|failed| failed.at),
            refunded_at: purchase.state.refunded_at(),
        }
    }
}

/// One page of the history.
#[derive(Serialize, ToSchema)]
pub struct PurchasePage {
    /// Newest first.
    items: Vec<PurchaseView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
}

impl From<HistoryPage> for PurchasePage {
    fn from(page: HistoryPage) -> Self {
        Self {
            items: page.items.into_iter().map(PurchaseView::from).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
        }
    }
}

/// The page of the history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// How many at most; 20 unless given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    limit: Option<String>,
    /// The `next_cursor` of the previous page.
    #[param(pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
    cursor: Option<String>,
}

impl PageParams {
    /// The limit and the cursor; `None` when one of them is wrong.
    pub fn read(&self) -> Option<(u32, Option<PurchaseId>)> {
        let limit = page_limit(self.limit.as_deref(), HISTORY_LIMIT_MAX)?;
        let cursor = self.cursor.as_deref().map(str::parse).transpose().ok()?;
        Some((limit, cursor))
    }
}

/// The tenant's purchases, newest first.
#[utoipa::path(
    get, path = "/billing/purchases", tag = "billing", params(PageParams), security(("session" = [])),
    responses((status = 200, body = PurchasePage)),
)]
pub async fn list_purchases(
    RequireUser(principal): RequireUser,
    Params(params): Params<PageParams>,
    State(state): State<AppState>,
) -> Result<Json<PurchasePage>, Problem> {
    let (limit, cursor) = params.read().ok_or(Problem::INVALID_QUERY)?;
    let page = state.shop.billing.history(principal.tenant_id, limit, cursor).await?;
    Ok(Json(page.into()))
}

/// A purchase with VAT, seller and ledger entries. Issuing the receipt fixes the VAT rate and the seller.
#[derive(Serialize, ToSchema)]
pub struct Receipt {
    #[serde(flatten)]
    purchase: PurchaseView,
    /// The net price and the VAT; `net_cents + tax_cents` is `amount_cents`.
    vat: Option<Vat>,
    seller: Seller,
    /// The ledger entries of the purchase, oldest first.
    entries: Vec<EntryView>,
}

#[derive(Serialize, ToSchema)]
struct Vat {
    /// In hundredths of a per cent: 1900 is 19 %.
    rate_basis_points: i64,
    net_cents: i64,
    tax_cents: i64,
}

#[derive(Serialize, ToSchema)]
struct Seller {
    name: String,
    /// One line each.
    address: Vec<String>,
    vat_id: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = LedgerEntry)]
struct EntryView {
    kind: EntryKind,
    /// Added to the balance; negative takes.
    credits: i64,
    balance_after: i64,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> Self {
        Self {
            kind: entry.booked.kind,
            credits: entry.booked.credits.0,
            balance_after: entry.balance_after.0,
            created_at: entry.booked.created_at,
        }
    }
}

/// One purchase's receipt.
#[utoipa::path(
    get, path = "/billing/purchases/{id}", tag = "billing", security(("session" = [])),
    params(("id" = String, Path, format = "uuid", description = "The purchase's id")),
    responses((status = 200, body = Receipt)),
)]
pub async fn get_purchase(
    RequireUser(principal): RequireUser,
    Id(id): Id<PurchaseId>,
    State(state): State<AppState>,
) -> Result<Json<Receipt>, Problem> {
    let billing = &state.shop.billing;
    let mut purchase = billing.purchase(principal.tenant_id, id).await?.ok_or(Problem::NOT_FOUND)?;
    let receipt = billing.receipt(&purchase, &state.shop.settings.issuer).await?;
    purchase.receipt_number = receipt.as_ref().map(|receipt| receipt.number);
    let entries = billing.entries(principal.tenant_id, id).await?;
    let issuer = receipt.map_or_else(|| state.shop.settings.issuer.clone(), |receipt| receipt.issuer);
    let rate = issuer.vat_rate_basis_points;
    let vat = purchase.item.price.split_vat(rate).map(|split| Vat {
        rate_basis_points: rate,
        net_cents: split.net.cents,
        tax_cents: split.tax.cents,
    });
    let seller = Seller { name: issuer.seller.name, address: issuer.seller.address, vat_id: issuer.seller.vat_id };
    Ok(Json(Receipt {
        purchase: purchase.into(),
        vat,
        seller,
        entries: entries.into_iter().map(EntryView::from).collect(),
    }))
}
