//! Ordering a product, and completing the order in mock mode.

use app::context::RequestContext;
use axum::{
    Extension, Json,
    extract::{FromRequestParts, State},
    http::{StatusCode, request::Parts},
};
use billing::{Order, purchase::OrderKey};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{input::Body, problem::Problem, purchases::PurchaseView};
use crate::{identity::RequireUser, state::AppState};

/// The longest id of a checkout session that is looked up; Stripe's have some 66 characters.
const SESSION_ID_LENGTH_MAX: usize = 255;

/// What is ordered. The server alone sets the price: an amount in the body is ignored.
#[derive(Deserialize, ToSchema)]
#[schema(as = Order)]
pub struct OrderBody {
    #[schema(examples("credits_5"))]
    product_id: String,
    /// The version of the wording with which the buyer agreed to immediate delivery, on the page that sends this.
    #[serde(default)]
    #[schema(examples("0a1b2c3d4e5f"))]
    consent: Option<String>,
}

/// An order that waits for its payment.
#[derive(Serialize, ToSchema)]
pub struct Ordered {
    #[schema(format = "uuid")]
    purchase_id: String,
    session_id: String,
    /// Where the buyer pays.
    #[schema(format = "uri")]
    checkout_url: String,
}

/// The optional header `Idempotency-Key`.
pub struct IdempotencyKey(Option<OrderKey>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(Self(None)),
            (Some(value), None) => {
                let key = value.to_str().ok().and_then(|text| text.parse().ok());
                key.map(|key| Self(Some(key))).ok_or(Problem::INVALID_IDEMPOTENCY_KEY)
            }
            (Some(_), Some(_)) => Err(Problem::INVALID_IDEMPOTENCY_KEY),
        }
    }
}

/// Orders a product and opens its checkout session. Repeating the call with the same `Idempotency-Key` returns the same
/// order.
#[utoipa::path(
    post, path = "/billing/checkout/session", tag = "billing", security(("session" = [])), request_body = OrderBody,
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 255, pattern = "^[!-~]{1,255}$", description = "Makes a retry the same order")),
    responses((status = 201, body = Ordered)),
)]
pub async fn create_checkout_session(
    RequireUser(principal): RequireUser,
    IdempotencyKey(key): IdempotencyKey,
    Extension(context): Extension<RequestContext>,
    State(state): State<AppState>,
    Body(order): Body<OrderBody>,
) -> Result<(StatusCode, Json<Ordered>), Problem> {
    let consent = order.consent.as_deref().map(str::parse).transpose().map_err(|_| Problem::UNKNOWN_CONSENT)?;
    let order = Order { product_id: &order.product_id, key, locale: context.locale, consent };
    let purchase = state.shop.billing.order(&principal, order).await?;
    let Some(checkout) = purchase.checkout else {
        tracing::error!(purchase = %purchase.id, "the order was taken, but has no checkout session");
        return Err(Problem::INTERNAL);
    };
    let ordered =
        Ordered { purchase_id: purchase.id.to_string(), session_id: checkout.provider_ref, checkout_url: checkout.url };
    Ok((StatusCode::CREATED, Json(ordered)))
}

/// The checkout session to complete.
#[derive(Deserialize, ToSchema)]
pub struct Completion {
    #[schema(examples("cs_mock_0198f2a4-7b1c-7def-8a2b-0123456789ab"))]
    session_id: String,
}

/// A completed purchase.
#[derive(Serialize, ToSchema)]
pub struct Completed {
    purchase: PurchaseView,
}

/// Pays a checkout session of mock mode. Repeating the call gives the same answer, and books nothing twice.
#[utoipa::path(
    post, path = "/billing/checkout/complete", tag = "billing", security(("session" = [])), request_body = Completion,
    responses((status = 200, body = Completed)),
)]
pub async fn complete_checkout(
    RequireUser(principal): RequireUser,
    State(state): State<AppState>,
    Body(completion): Body<Completion>,
) -> Result<Json<Completed>, Problem> {
    let session_id = completion.session_id;
    // Session ids contain no other characters, and not every database accepts every character.
    if session_id.len() > SESSION_ID_LENGTH_MAX || !session_id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Problem::NOT_FOUND);
    }
    let purchase = state.shop.billing.confirm_checkout(principal.tenant_id, &session_id).await?;
    let purchase = purchase.ok_or(Problem::NOT_FOUND)?;
    Ok(Json(Completed { purchase: purchase.into() }))
}
