//! `/checkout/cancel`: the buyer has returned without paying.

use billing::ids::PurchaseId;
use leptos::prelude::*;

use super::{not_found::NotFound, page_error::PageError};
use crate::{
    address,
    api::{self, PageContext},
    error::ShopError,
    islands::{IslandData, PurchaseStatus},
};

/// Says whether anything was charged, if that is known. Offers to continue to the payment or to discard the purchase.
#[component]
pub(crate) fn CancelPage() -> impl IntoView {
    let purchase_id = address::query("purchase_id").and_then(|id| id.parse::<PurchaseId>().ok());
    let Some(purchase_id) = purchase_id else {
        return view! {
            <div class="narrow">
                <NotFound />
            </div>
        }
        .into_any();
    };
    let changes = expect_context::<PageContext>().changes;
    let refused = address::query("error").and_then(|code| ShopError::from_code(&code));
    let outcome = Suspend::new(async move {
        match api::purchase_status(purchase_id).await {
            Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
            Err(error) => view! { <PageError error=error /> }.into_any(),
            Ok(status) => {
                view! { <PurchaseStatus session_id=None status=IslandData(Some(status)) refused=refused changes=changes /> }.into_any()
            }
        }
    });
    view! { <div class="narrow">{outcome}</div> }.into_any()
}
