//! `/checkout/success`: the buyer is back from the payment page.

use billing::purchase::Status;
use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::not_found::NotFound;
use crate::{
    api::{self, Confirmed, PageContext, PurchaseView},
    components::{Balance, ErrorView, Notice, OutcomeCard, Tone},
    context::texts,
    error::ShopError,
    format,
    islands::fresh::KeepFresh,
    routes,
};

/// How the purchase of the success page's session stands: asked once, for all who wait for it.
pub(crate) type Confirmation = Shared<BoxFuture<'static, Result<Confirmed, ShopError>>>;

/// On the success page, confirms its purchase. The page's frame waits for it, since that books the credits.
pub(crate) fn confirmation() -> Option<Confirmation> {
    let confirms = use_location().pathname.get_untracked() == routes::SUCCESS;
    let session_id = routes::query("session_id").unwrap_or_default();
    confirms.then(|| api::confirm_checkout(session_id).boxed().shared())
}

/// Confirms a payment, or says how it stands; goes on asking while that can change.
#[component]
pub(crate) fn SuccessPage() -> impl IntoView {
    let confirmation = expect_context::<Option<Confirmation>>();
    let changes = expect_context::<PageContext>().changes;
    let outcome = Suspend::new(async move {
        let confirmed = match confirmation {
            Some(confirmation) => confirmation.await,
            None => Err(ShopError::NotFound),
        };
        let settled = match &confirmed {
            Ok(confirmed) => confirmed.purchase.status != Status::Pending,
            Err(error) => !matches!(error, ShopError::PaymentUnknown | ShopError::Unavailable),
        };
        let outcome = match confirmed {
            Ok(confirmed) => view! { <Outcome purchase=confirmed.purchase /> }.into_any(),
            Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
            Err(ShopError::PaymentUnknown) => view! { <Processing asked=false /> }.into_any(),
            Err(error) => view! { <ErrorView error=error /> }.into_any(),
        };
        view! {
            <div id="outcome" data-settled=settled>
                {outcome}
            </div>
        }
    });
    view! {
        <div class="narrow" aria-live="polite">
            {outcome}
        </div>
        <KeepFresh region="outcome" changes=changes asks=true />
    }
}

#[component]
fn Outcome(purchase: PurchaseView) -> impl IntoView {
    match purchase.status {
        Status::Paid => view! { <Paid purchase=purchase /> }.into_any(),
        Status::Refunded => view! { <Refunded purchase=purchase /> }.into_any(),
        Status::Pending if purchase.processing => view! { <Processing asked=true /> }.into_any(),
        Status::Pending => view! { <Unpaid purchase=purchase /> }.into_any(),
        Status::Failed => view! { <Failed purchase=purchase /> }.into_any(),
    }
}

#[component]
fn Paid(purchase: PurchaseView) -> impl IntoView {
    let t = texts();
    let booked =
        (t.success_booked)(&format::credits(purchase.credits, t.locale), &format::money(purchase.price, t.locale));
    view! {
        <OutcomeCard tone=Tone::Good title=t.success_title text=booked>
            <p class="outcome-balance">
                <span class="eyebrow">{t.new_balance}</span>
                <span class="balance-medium">
                    <Balance />
                </span>
            </p>
            <p class="actions">
                <a class="btn btn-primary" href=routes::SHOP>
                    {t.to_shop}
                </a>
                <a class="btn btn-secondary" href=routes::receipt(&purchase.id.to_string())>
                    {t.show_receipt}
                </a>
            </p>
        </OutcomeCard>
    }
}

#[component]
fn Processing(
    /// Whether the provider has answered.
    asked: bool,
) -> impl IntoView {
    let t = texts();
    view! {
        <OutcomeCard tone=Tone::Waiting title=t.processing_title text=t.processing_text>
            <progress class="progress" aria-label=t.processing_title></progress>
            {(!asked).then(|| view! { <Notice tone=Tone::Waiting>{t.processing_unreachable}</Notice> })}
            <p class="actions">
                <a class="btn btn-secondary" href=routes::here()>
                    {t.reload}
                </a>
                <a class="link" href=routes::SHOP>
                    {t.to_shop}
                </a>
            </p>
        </OutcomeCard>
    }
}

/// The session is still open: a card was declined, say, or the buyer has come here without having paid.
#[component]
fn Unpaid(purchase: PurchaseView) -> impl IntoView {
    let t = texts();
    view! {
        <OutcomeCard tone=Tone::Plain title=t.unpaid_title text=t.unpaid_text>
            <p class="actions">
                <a class="btn btn-primary" href=routes::cancel(&purchase.id.to_string())>
                    {t.history_continue}
                </a>
                <a class="link" href=routes::SHOP>
                    {t.to_shop}
                </a>
            </p>
        </OutcomeCard>
    }
}

#[component]
fn Failed(purchase: PurchaseView) -> impl IntoView {
    let t = texts();
    view! {
        <OutcomeCard tone=Tone::Bad title=t.failed_title text=t.failed_text>
            <p class="actions">
                <a class="btn btn-primary" href=routes::order(&purchase.product_id)>
                    {t.order_again}
                </a>
                <a class="link" href=routes::SHOP>
                    {t.to_shop}
                </a>
            </p>
        </OutcomeCard>
    }
}

#[component]
fn Refunded(purchase: PurchaseView) -> impl IntoView {
    let t = texts();
    view! {
        <OutcomeCard tone=Tone::Plain title=t.refunded_title>
            <p class="actions">
                <a class="btn btn-secondary" href=routes::receipt(&purchase.id.to_string())>
                    {t.show_receipt}
                </a>
                <a class="link" href=routes::SHOP>
                    {t.to_shop}
                </a>
            </p>
        </OutcomeCard>
    }
}
