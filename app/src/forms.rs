//! What the button that drops a purchase does.

use billing::ids::PurchaseId;
use serde::Deserialize;

use crate::{
    context::{RequestContext, Shop},
    routes,
};

/// The field of the form that drops a purchase.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct DiscardForm {
    purchase_id: PurchaseId,
}

/// Drops a purchase, so that nobody can pay it any more. Returns the address to go on at.
pub async fn discard(shop: &Shop, visitor: &RequestContext, form: DiscardForm) -> String {
    let page = routes::cancel(&form.purchase_id.to_string());
    let Some(caller) = &visitor.caller else { return routes::sign_in(&page) };
    match shop.billing.discard(caller.tenant_id, form.purchase_id).await {
        Ok(_) => page,
        Err(error) => routes::with_error(&page, error.into()),
    }
}
