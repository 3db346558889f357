//! What sending the order form does, and the button that drops a purchase. Each leads on to a page; an error travels in that
//! page's address, as a bare code.

use billing::{
    Order,
    ids::PurchaseId,
    purchase::{Purchase, State},
};
use serde::Deserialize;

use crate::{
    context::{Shop, Visitor},
    error::ShopError,
    routes,
};

/// The order form's fields.
#[derive(Clone, Debug, Deserialize)]
pub struct OrderForm {
    product_id: String,
    order_key: String,
    /// The version of the wording whose box is ticked; a form sends nothing of a box that is not.
    consent: Option<String>,
}

/// Orders a product and opens its checkout session; the same key again gives the same purchase. Returns the address to go
/// on at: the payment page's, if the purchase is still to be paid.
pub async fn order(shop: &Shop, visitor: &Visitor, form: &OrderForm) -> String {
    match place(shop, visitor, form).await.and_then(|purchase| location(&purchase)) {
        Ok(location) => location,
        Err(ShopError::NotSignedIn) => routes::sign_in(&routes::order(&form.product_id)),
        Err(error) => {
            let page = with_error(&routes::order(&form.product_id), error);
            // Where the same order can still go through, its key comes along.
            if error.keeps_order() { format!("{page}&key={}", routes::encoded(&form.order_key)) } else { page }
        }
    }
}

async fn place(shop: &Shop, visitor: &Visitor, form: &OrderForm) -> Result<Purchase, ShopError> {
    let caller = visitor.caller.as_ref().ok_or(ShopError::NotSignedIn)?;
    let key = form.order_key.parse().map_err(|_| ShopError::Malformed)?;
    let consent = form.consent.as_deref().and_then(|version| version.parse().ok());
    let consent = consent.ok_or(ShopError::ConsentMissing)?;
    let order = Order { product_id: &form.product_id, key: Some(key), locale: visitor.locale, consent: Some(consent) };
    Ok(shop.billing.order(caller, order).await?)
}

/// Where an order leads.
fn location(purchase: &Purchase) -> Result<String, ShopError> {
    let id = purchase.id.to_string();
    Ok(match (&purchase.state, &purchase.checkout) {
        // The same form was sent before, and that purchase is paid, or has ended.
        (State::Paid(_) | State::Refunded(_), _) => routes::receipt(&id),
        (State::Failed(_), _) => routes::cancel(&id),
        // The payment was begun; its page is closed.
        (State::Pending(_), Some(checkout)) if checkout.url.is_empty() => routes::success(&checkout.provider_ref),
        (State::Pending(_), Some(checkout)) => checkout.url.clone(),
        (State::Pending(_), None) => return Err(ShopError::ProviderUnavailable),
    })
}

/// The field of the form that drops a purchase.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DiscardForm {
    purchase_id: PurchaseId,
}

/// Drops a purchase, so that nobody can pay it any more. Returns the address to go on at.
pub async fn discard(shop: &Shop, visitor: &Visitor, form: DiscardForm) -> String {
    let page = routes::cancel(&form.purchase_id.to_string());
    let Some(caller) = &visitor.caller else { return routes::sign_in(&page) };
    match shop.billing.discard(caller.tenant_id, form.purchase_id).await {
        Ok(_) => page,
        Err(error) => with_error(&page, error.into()),
    }
}

/// A page that has a query already, told of an error.
fn with_error(page: &str, error: ShopError) -> String {
    format!("{page}&error={}", error.code())
}
