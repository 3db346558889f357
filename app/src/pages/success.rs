//! `/checkout/success`: the buyer is back from the payment page.

use std::time::Duration;

use billing::{money::Credits, purchase::Status};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

use super::not_found::NotFound;
use crate::{
    api::{self, Confirmed, PurchaseView},
    components::{ErrorView, LiveBalance, Loading, Notice, OutcomeCard, Tone},
    error::ShopError,
    format,
    locales::texts,
    routes,
};

/// How long to wait before asking again while a payment is being processed.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// How the purchase of the success page's session stands; `None` on every other page.
pub(crate) type Confirmation = Resource<Option<Result<Confirmed, ShopError>>>;

/// Begins with the page's frame, since the balance in the header has to wait for it: confirming books the credits.
pub(crate) fn confirmation() -> Confirmation {
    let location = use_location();
    let session_id = Memo::new(move |_| {
        let query = location.query.read();
        (location.pathname.get() == routes::SUCCESS).then(|| query.get("session_id").unwrap_or_default())
    });
    Resource::new(
        move || session_id.get(),
        |session_id| async move {
            match session_id {
                Some(session_id) => Some(api::confirm_checkout(session_id).await),
                None => None,
            }
        },
    )
}

/// Confirms a payment, or says how it stands.
#[component]
pub(crate) fn SuccessPage() -> impl IntoView {
    let confirmation = expect_context::<Confirmation>();
    let balance = expect_context::<LiveBalance>();
    Effect::new(move |_| match confirmation.get().flatten() {
        Some(Ok(confirmed)) if confirmed.purchase.status == Status::Pending => ask_again(confirmation),
        Some(Err(ShopError::ProviderUnavailable | ShopError::Connection | ShopError::Unavailable)) => {
            ask_again(confirmation);
        }
        Some(Ok(confirmed)) => balance.heard(confirmed.balance),
        Some(Err(_)) | None => {}
    });
    // The stream tells of a payment sooner than asking does.
    Effect::new(move |known: Option<i64>| {
        let changes = balance.changes();
        let open = confirmation.with_untracked(|confirmed| match confirmed.as_ref().map(Option::as_ref) {
            Some(Some(Ok(confirmed))) => confirmed.purchase.status == Status::Pending,
            _ => false,
        });
        if open && known.is_some_and(|known| known != changes) {
            confirmation.refetch();
        }
        changes
    });
    view! {
        <div class="narrow" aria-live="polite">
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match confirmation.await {
                        Some(Ok(confirmed)) => view! { <Outcome confirmed=confirmed /> }.into_any(),
                        Some(Err(ShopError::NotFound)) | None => view! { <NotFound /> }.into_any(),
                        Some(Err(ShopError::ProviderUnavailable)) => view! { <Processing asked=false /> }.into_any(),
                        Some(Err(error)) => view! { <ErrorView error=error /> }.into_any(),
                    }
                })}
            </Transition>
        </div>
    }
}

fn ask_again(confirmation: Confirmation) {
    // The page may be gone by then, and its resource with it.
    if let Ok(timer) = set_timeout_with_handle(move || confirmation.refetch(), ASK_AGAIN) {
        on_cleanup(move || timer.clear());
    }
}

#[component]
fn Outcome(confirmed: Confirmed) -> impl IntoView {
    let Confirmed { purchase, balance } = confirmed;
    match purchase.status {
        Status::Paid => view! { <Paid purchase=purchase balance=balance /> }.into_any(),
        Status::Refunded => view! { <Refunded purchase=purchase /> }.into_any(),
        Status::Pending if purchase.processing => view! { <Processing asked=true /> }.into_any(),
        Status::Pending => view! { <Unpaid purchase=purchase /> }.into_any(),
        Status::Failed => view! { <Failed purchase=purchase /> }.into_any(),
    }
}

#[component]
fn Paid(purchase: PurchaseView, balance: Credits) -> impl IntoView {
    let t = texts();
    let live = expect_context::<LiveBalance>();
    // The balance of this answer; from then on, whatever is heard of.
    let shown = move || format::credits(live.latest().unwrap_or(balance), t.locale);
    let booked =
        (t.success_booked)(&format::credits(purchase.credits, t.locale), &format::money(purchase.price, t.locale));
    view! {
        <OutcomeCard tone=Tone::Good title=t.success_title text=booked>
            <p class="outcome-balance">
                <span class="eyebrow">{t.new_balance}</span>
                <span class="balance-medium">{shown}</span>
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
    let location = use_location();
    let here = move || format!("{}?{}", location.pathname.get(), location.search.get());
    view! {
        <OutcomeCard tone=Tone::Waiting title=t.processing_title text=t.processing_text>
            {(!asked).then(|| view! { <Notice tone=Tone::Waiting>{t.processing_unreachable}</Notice> })}
            <p class="actions">
                <a class="btn btn-secondary" rel="external" href=here>
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
