//! `/checkout/success`: the buyer has returned from the payment page.

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::{not_found::NotFound, page_error::PageError};
use crate::{
    address,
    api::{self, PageContext},
    error::ShopError,
    islands::{IslandData, PurchaseStatus},
    routes,
    views::PurchaseStatusView,
};

/// The status of the success page's purchase: queried once, and shared by all parts of the page.
pub(crate) type Confirmation = Shared<BoxFuture<'static, Result<PurchaseStatusView, ShopError>>>;

/// On the success page, confirms its purchase. The page's header waits for it, because it books the credits.
pub(crate) fn confirmation() -> Option<Confirmation> {
    let confirms = use_location().pathname.get_untracked() == routes::SUCCESS;
    confirms.then(|| api::confirm_checkout(session_id()).boxed().shared())
}

fn session_id() -> String {
    address::query("session_id").unwrap_or_default()
}

/// Confirms a payment, or shows its status.
#[component]
pub(crate) fn SuccessPage() -> impl IntoView {
    let confirmation = expect_context::<Option<Confirmation>>();
    let changes = expect_context::<PageContext>().changes;
    let session_id = session_id();
    let outcome = Suspend::new(async move {
        let status = match confirmation {
            Some(confirmation) => confirmation.await,
            None => Err(ShopError::NotFound),
        };
        let status = match status {
            Ok(status) => Some(status),
            // If the provider does not answer, the page shows the status as unknown.
            Err(ShopError::PaymentUnknown) => None,
            Err(ShopError::NotFound) => return view! { <NotFound /> }.into_any(),
            Err(error) => return view! { <PageError error=error /> }.into_any(),
        };
        view! { <PurchaseStatus session_id=Some(session_id) status=IslandData(status) refused=None changes=changes /> }
            .into_any()
    });
    view! { <div class="narrow">{outcome}</div> }
}
