//! `/checkout/success`: the buyer is back from the payment page.

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::not_found::NotFound;
use crate::{
    address,
    api::{self, PageContext},
    error::ShopError,
    islands::{PurchaseStatus, ReturnPage},
    routes,
    views::PurchaseStatusView,
};

/// How the purchase of the success page's session stands: asked once, for all who wait for it.
pub(crate) type Confirmation = Shared<BoxFuture<'static, Result<PurchaseStatusView, ShopError>>>;

/// On the success page, confirms its purchase. The page's frame waits for it, since that books the credits.
pub(crate) fn confirmation() -> Option<Confirmation> {
    let confirms = use_location().pathname.get_untracked() == routes::SUCCESS;
    confirms.then(|| api::confirm_checkout(session_id()).boxed().shared())
}

fn session_id() -> String {
    address::query("session_id").unwrap_or_default()
}

/// Confirms a payment, or says how it stands.
#[component]
pub(crate) fn SuccessPage() -> impl IntoView {
    let confirmation = expect_context::<Option<Confirmation>>();
    let changes = expect_context::<PageContext>().changes;
    let page = ReturnPage::Success { session_id: session_id() };
    let outcome = Suspend::new(async move {
        let status = match confirmation {
            Some(confirmation) => confirmation.await,
            None => Err(ShopError::NotFound),
        };
        match status {
            Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
            status => {
                // While the provider does not answer, the page says how it stands all the same.
                if let Err(error @ (ShopError::NotSignedIn | ShopError::Unavailable)) = status {
                    api::page_status(error.status());
                }
                view! { <PurchaseStatus page=page status=status refused=None changes=changes /> }.into_any()
            }
        }
    });
    view! { <div class="narrow">{outcome}</div> }
}
