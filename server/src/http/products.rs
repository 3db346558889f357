//! What is on sale.

use axum::{Json, extract::State};
use billing::catalog::PurchaseType;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AppState;

/// A product on sale.
#[derive(Serialize, ToSchema)]
#[schema(as = Product)]
pub struct ProductView {
    /// What an order names.
    #[schema(examples("credits_5"))]
    id: &'static str,
    /// For people.
    name: &'static str,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    kind: PurchaseType,
    /// Credits booked when it is paid.
    #[schema(minimum = 1)]
    credits: i64,
    /// Gross price in cents, VAT included.
    #[schema(minimum = 1)]
    amount_cents: i64,
    /// ISO 4217.
    #[schema(examples("EUR"))]
    currency: &'static str,
}

/// The products on sale, in the order in which pages show them.
#[utoipa::path(get, path = "/billing/products", tag = "billing", responses((status = 200, body = [ProductView])))]
pub async fn list_products(State(state): State<AppState>) -> Json<Vec<ProductView>> {
    let products = state.shop.billing.products().iter().map(|product| ProductView {
        id: product.id,
        name: product.name,
        kind: product.kind,
        credits: product.credits.0,
        amount_cents: product.price.cents,
        currency: product.price.currency.code(),
    });
    Json(products.collect())
}
