//! `/checkout/cancel`: the buyer is back without having paid.

use billing::{ids::PurchaseId, purchase::Status};
use leptos::prelude::*;

use super::not_found::NotFound;
use crate::{
    api::{self, Cancelled, PurchaseView},
    components::{ErrorView, Fact, Facts, Notice, OutcomeCard, Tone, error_text, status_text},
    context::texts,
    error::ShopError,
    format, routes,
};

/// Says whether anything was charged, where that is known; offers to go on paying or to drop the purchase.
#[component]
pub(crate) fn CancelPage() -> impl IntoView {
    let t = texts();
    let purchase_id = routes::query("purchase_id").and_then(|id| id.parse::<PurchaseId>().ok());
    let error = routes::query("error").and_then(|code| ShopError::from_code(&code));
    view! {
        <div class="narrow">
            {error.map(|error| view! { <Notice tone=Tone::Bad>{error_text(error, t)}</Notice> })}
            {Suspend::new(async move {
                let cancelled = match purchase_id {
                    Some(purchase_id) => api::cancelled_purchase(purchase_id).await,
                    None => Err(ShopError::NotFound),
                };
                match cancelled {
                    Ok(cancelled) => view! { <Outcome cancelled=cancelled /> }.into_any(),
                    Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
                    Err(error) => view! { <ErrorView error=error /> }.into_any(),
                }
            })}
        </div>
    }
}

#[component]
fn Outcome(cancelled: Cancelled) -> impl IntoView {
    let t = texts();
    let Cancelled { purchase, checkout_url, known } = cancelled;
    let status = status_text(&purchase, t);
    let (tone, title, text) = match purchase.status {
        Status::Pending if !known => (Tone::Waiting, t.cancel_unknown_title, t.cancel_unknown_text),
        Status::Pending if purchase.processing => (Tone::Waiting, t.processing_title, t.cancel_processing_text),
        Status::Pending => (Tone::Plain, t.cancel_title, t.cancel_text),
        Status::Failed => (Tone::Plain, t.discarded_title, t.discarded_text),
        Status::Paid => (Tone::Good, t.cancel_paid_title, t.cancel_paid_text),
        Status::Refunded => (Tone::Plain, t.refunded_title, ""),
    };
    let actions = match purchase.status {
        Status::Pending => {
            view! { <Open purchase=purchase.clone() checkout_url=checkout_url known=known /> }.into_any()
        }
        Status::Failed => view! {
            <a class="btn btn-primary" href=routes::order(&purchase.product_id)>
                {t.order_again}
            </a>
            <a class="link" href=routes::SHOP>
                {t.to_shop}
            </a>
        }
        .into_any(),
        Status::Paid | Status::Refunded => view! {
            <a class="btn btn-primary" href=routes::receipt(&purchase.id.to_string())>
                {t.show_receipt}
            </a>
            <a class="link" href=routes::SHOP>
                {t.to_shop}
            </a>
        }
        .into_any(),
    };
    view! {
        <OutcomeCard tone=tone title=title text=text>
            <Facts>
                <Fact name=t.product.to_owned()>{purchase.name}</Fact>
                <Fact name=t.amount.to_owned()>{format::money(purchase.price, t.locale)}</Fact>
                <Fact name=t.ordered_at.to_owned()>{format::date_time(purchase.ordered_at, t.locale)}</Fact>
                <Fact name=t.status.to_owned()>{status}</Fact>
            </Facts>
            <div class="actions">{actions}</div>
        </OutcomeCard>
    }
}

/// What can be done while the purchase is open.
#[component]
fn Open(purchase: PurchaseView, checkout_url: Option<String>, known: bool) -> impl IntoView {
    let t = texts();
    if let Some(session_id) = purchase.session_id.filter(|_| purchase.processing || !known) {
        // It is paid, or may be: nobody is to pay it again.
        return view! {
            <a class="btn btn-primary" href=routes::success(&session_id)>
                {t.history_check}
            </a>
            <a class="link" href=routes::SHOP>
                {t.to_shop}
            </a>
        }
        .into_any();
    }
    let go_on = match checkout_url {
        Some(url) => view! { <a class="btn btn-primary" href=url>{t.continue_to_payment}</a> }.into_any(),
        // The payment page could not be opened at the time.
        None => {
            view! { <a class="btn btn-primary" href=routes::order(&purchase.product_id)>{t.order_again}</a> }.into_any()
        }
    };
    view! {
        {go_on}
        <form method="post" action=routes::DISCARD>
            <input type="hidden" name="purchase_id" value=purchase.id.to_string() />
            <button class="btn btn-secondary">{t.discard}</button>
        </form>
    }
    .into_any()
}
