//! Server-side access to the shop, the user and the response, for server functions and pages.

use billing::{
    BillingError, Order,
    account::Principal,
    ids::PurchaseId,
    locale::Locale,
    purchase::{Purchase, State},
};
use http::{HeaderValue, StatusCode, header::LOCATION, request::Parts};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use super::convert;
use crate::{
    context::{RequestContext, Shop},
    error::ShopError,
    routes,
    views::{OrderRedirect, PurchaseStatusView},
};

/// The shop.
pub(super) fn shop() -> Result<Shop, ShopError> {
    use_context::<Shop>().ok_or(ShopError::Unavailable)
}

/// The shop and the signed-in user.
pub(super) fn signed_in() -> Result<(Shop, Principal), ShopError> {
    let principal =
        use_context::<RequestContext>().and_then(|request| request.principal).ok_or(ShopError::NotSignedIn)?;
    Ok((shop()?, principal))
}

/// The language of the answer.
pub(super) fn locale() -> Locale {
    use_context::<RequestContext>().map(|request| request.locale).unwrap_or_default()
}

/// Sets the HTTP status of the page being rendered.
pub(crate) fn page_status(status: u16) {
    if let (Some(response), Ok(status)) = (use_context::<ResponseOptions>(), StatusCode::from_u16(status)) {
        response.set_status(status);
    }
}

/// Marks a request to a server function that was sent by a plain form, so that the browser expects a page. Set by the
/// router.
#[derive(Clone, Copy, Debug)]
pub struct PlainForm;

/// Redirects to a page if the request was sent by a plain form. Islands get the answer itself.
pub(super) fn redirect_plain_form(to: &str) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    if use_context::<Parts>().is_none_or(|request| request.extensions.get::<PlainForm>().is_none()) {
        return;
    }
    let location = HeaderValue::try_from(to).unwrap_or_else(|error| {
        tracing::error!(%error, "an address to send a buyer to is no header value");
        HeaderValue::from_static("/")
    });
    response.set_status(StatusCode::SEE_OTHER);
    response.insert_header(LOCATION, location);
}

/// Orders a product. Returns where to redirect the buyer.
pub(super) async fn place_order(
    product_id: &str,
    order_key: &str,
    consent: Option<&str>,
) -> Result<OrderRedirect, ShopError> {
    let (shop, principal) = signed_in()?;
    let key = order_key.parse().map_err(|_| ShopError::Malformed)?;
    if product_id.is_empty() {
        return Err(ShopError::Malformed);
    }
    let consent = consent.and_then(|version| version.parse().ok()).ok_or(ShopError::ConsentMissing)?;
    let order = Order { product_id, key: Some(key), locale: locale(), consent: Some(consent) };
    order_redirect(&shop.billing.order(&principal, order).await?)
}

fn order_redirect(purchase: &Purchase) -> Result<OrderRedirect, ShopError> {
    let page = |address| OrderRedirect { address, pays: false };
    let id = purchase.id.to_string();
    Ok(match (&purchase.state, &purchase.checkout) {
        // The form was sent before, and its purchase is paid or has ended.
        (State::Paid(_) | State::Refunded(_), _) => page(routes::receipt(&id)),
        (State::Failed(_), _) => page(routes::cancel(&id)),
        // A payment was started, so its page is closed.
        (State::Pending(_), Some(checkout)) if checkout.url.is_empty() => page(routes::success(&checkout.provider_ref)),
        (State::Pending(_), Some(checkout)) => OrderRedirect { address: checkout.url.clone(), pays: true },
        (State::Pending(_), None) => return Err(ShopError::ProviderUnavailable),
    })
}

/// Discards a purchase.
pub(super) async fn discard(purchase_id: PurchaseId) -> Result<PurchaseStatusView, ShopError> {
    let (shop, principal) = signed_in()?;
    let purchase = shop.billing.discard(principal.tenant_id, purchase_id).await?.ok_or(ShopError::NotFound)?;
    let funds = shop.billing.funds(principal.tenant_id).await?;
    Ok(convert::purchase_status(&purchase, true, funds, &shop.settings.time_zone))
}

/// A purchase's status; not `known` if the provider does not answer.
pub(super) async fn purchase_status(purchase_id: PurchaseId) -> Result<PurchaseStatusView, ShopError> {
    let (shop, principal) = signed_in()?;
    let (purchase, known) = match shop.billing.check_unpaid(principal.tenant_id, purchase_id).await {
        Ok(purchase) => (purchase, true),
        Err(error @ (BillingError::Provider(_) | BillingError::SessionMissing)) => {
            tracing::warn!(%error, "it is not known how a payment stands");
            (shop.billing.purchase(principal.tenant_id, purchase_id).await?, false)
        }
        Err(error) => return Err(error.into()),
    };
    let purchase = purchase.ok_or(ShopError::NotFound)?;
    let funds = shop.billing.funds(principal.tenant_id).await?;
    Ok(convert::purchase_status(&purchase, known, funds, &shop.settings.time_zone))
}
