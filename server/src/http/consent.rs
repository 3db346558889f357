//! The consent that a buyer is asked for before an order.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, Uri},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{identity::locale_of, state::AppState};

/// The wording with which a buyer agrees to immediate delivery (§ 356 (5) BGB).
#[derive(Serialize, ToSchema)]
#[schema(as = Consent)]
pub struct ConsentView {
    /// To be named in the order when the buyer has agreed.
    #[schema(examples("0a1b2c3d4e5f"))]
    version: String,
    /// BCP 47.
    locale: &'static str,
    /// To be shown beside an unticked check box.
    text: String,
}

/// The wording of the consent, in the language that `Accept-Language` asks for.
#[utoipa::path(
    get, path = "/billing/consent", tag = "billing",
    params(("Accept-Language" = Option<String>, Header, description = "German or English")),
    responses((status = 200, body = ConsentView)),
)]
pub async fn get_consent(State(state): State<AppState>, uri: Uri, headers: HeaderMap) -> Json<ConsentView> {
    let consent = &state.shop.settings.legal.of(locale_of(&uri, &headers, &state.site)).consent;
    Json(ConsentView {
        version: consent.version.to_string(),
        locale: consent.locale.as_str(),
        text: consent.text.clone(),
    })
}
