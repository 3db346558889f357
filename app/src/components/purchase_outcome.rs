//! How a purchase stands after its payment page: on the success page, and on the cancel page.

use billing::purchase::Status;
use leptos::prelude::*;

use super::{
    facts::{Fact, Facts},
    notice::{Notice, Tone},
    outcome_card::OutcomeCard,
};
use crate::{
    format,
    locales::{IslandTexts, island_texts},
    routes,
    views::{PurchaseStatusView, PurchaseView},
    wording::{credits_beside_name, status_text},
};

/// What a link offers, and where it leads.
type Offer = (&'static str, String);

/// The success page's card: paid, refunded, processing, unpaid or failed. `children` show the new balance of a paid one.
#[component]
pub(crate) fn SuccessOutcome(
    /// None while nobody can tell, since the provider does not answer.
    purchase: Option<PurchaseView>,
    /// The address of the page, to ask again.
    here: String,
    children: Children,
) -> impl IntoView {
    let t = island_texts();
    let Some(purchase) = purchase else { return processing(false, here, t) };
    let receipt = |purchase: &PurchaseView| (t.show_receipt, routes::receipt(&purchase.id.to_string()));
    match purchase.status {
        Status::Paid => {
            let credits = format::credits(purchase.credits, t.locale);
            let booked = (t.success_booked)(&credits, &format::money(purchase.price, t.locale));
            view! {
                <OutcomeCard tone=Tone::Good title=t.success_title text=booked>
                    <p class="outcome-balance">
                        <span class="eyebrow">{t.new_balance}</span>
                        <span class="balance-medium">{children()}</span>
                    </p>
                    {actions(
                        Some(("btn btn-primary", (t.to_shop, routes::SHOP.to_owned()))),
                        ("btn btn-secondary", receipt(&purchase)),
                    )}
                </OutcomeCard>
            }
            .into_any()
        }
        Status::Pending if purchase.processing => processing(true, here, t),
        // The session is still open: a card was declined, say, or the buyer has come here without having paid.
        Status::Pending => {
            let text = t.unpaid_text.to_owned();
            let go_on = (t.history_continue, routes::cancel(&purchase.id.to_string()));
            card(Tone::Plain, t.unpaid_title, Some(text), "btn btn-primary", go_on, t)
        }
        Status::Failed => {
            let again = (t.order_again, routes::order(&purchase.product_id));
            card(Tone::Bad, t.failed_title, Some(t.failed_text.to_owned()), "btn btn-primary", again, t)
        }
        Status::Refunded => card(Tone::Plain, t.refunded_title, None, "btn btn-secondary", receipt(&purchase), t),
    }
}

/// A card that offers one thing, and the shop.
fn card(
    tone: Tone,
    title: &'static str,
    text: Option<String>,
    class: &'static str,
    offer: Offer,
    t: &'static IslandTexts,
) -> AnyView {
    view! {
        <OutcomeCard tone=tone title=title text=text.unwrap_or_default()>
            {actions(Some((class, offer)), ("link", (t.to_shop, routes::SHOP.to_owned())))}
        </OutcomeCard>
    }
    .into_any()
}

/// `asked` is whether the provider has answered.
fn processing(asked: bool, here: String, t: &'static IslandTexts) -> AnyView {
    view! {
        <OutcomeCard tone=Tone::Waiting title=t.processing_title text=t.processing_text>
            <progress class="progress" aria-label=t.processing_title></progress>
            {(!asked).then(|| view! { <Notice tone=Tone::Waiting>{t.processing_unreachable}</Notice> })}
            {actions(Some(("btn btn-secondary", (t.reload, here))), ("link", (t.to_shop, routes::SHOP.to_owned())))}
        </OutcomeCard>
    }
    .into_any()
}

fn actions(first: Option<(&'static str, Offer)>, second: (&'static str, Offer)) -> AnyView {
    let link = |(class, (text, href)): (&'static str, Offer)| {
        view! {
            <a class=class href=href>
                {text}
            </a>
        }
    };
    view! { <p class="actions">{first.map(link)} {link(second)}</p> }.into_any()
}

/// The cancel page's card. `children` drop an open purchase.
#[component]
pub(crate) fn CancelOutcome(status: PurchaseStatusView, children: Children) -> impl IntoView {
    let t = island_texts();
    let PurchaseStatusView { purchase, checkout_url, known, .. } = status;
    let (tone, title, text) = match purchase.status {
        Status::Pending if !known => (Tone::Waiting, t.cancel_unknown_title, t.cancel_unknown_text),
        Status::Pending if purchase.processing => (Tone::Waiting, t.processing_title, t.cancel_processing_text),
        Status::Pending => (Tone::Plain, t.cancel_title, t.cancel_text),
        Status::Failed => (Tone::Plain, t.discarded_title, t.discarded_text),
        Status::Paid => (Tone::Good, t.cancel_paid_title, t.cancel_paid_text),
        Status::Refunded => (Tone::Plain, t.refunded_title, ""),
    };
    let again = || (t.order_again, routes::order(&purchase.product_id));
    let to_shop = ("link", (t.to_shop, routes::SHOP.to_owned()));
    let ended = |offer| actions(Some(("btn btn-primary", offer)), to_shop.clone());
    let offers = match (purchase.status, &purchase.session_id) {
        // It is paid, or may be: nobody is to pay it again, or to drop it.
        (Status::Pending, Some(session_id)) if purchase.processing || !known => {
            ended((t.history_check, routes::success(session_id)))
        }
        (Status::Pending, _) => {
            // Without an address, the payment page could not be opened at the time.
            let (text, href) = checkout_url.map_or_else(again, |url| (t.continue_to_payment, url));
            view! {
                <div class="actions">
                    <a class="btn btn-primary" href=href>
                        {text}
                    </a>
                    {children()}
                </div>
            }
            .into_any()
        }
        (Status::Failed, _) => ended(again()),
        (Status::Paid | Status::Refunded, _) => ended((t.show_receipt, routes::receipt(&purchase.id.to_string()))),
    };
    let status = status_text(&purchase, t);
    let credits = credits_beside_name(&purchase, t).map(|credits| view! { <Fact name=t.credits>{credits}</Fact> });
    view! {
        <OutcomeCard tone=tone title=title text=text>
            <Facts>
                <Fact name=t.product>{purchase.name.clone()}</Fact>
                {credits}
                <Fact name=t.amount>{format::money(purchase.price, t.locale)}</Fact>
                <Fact name=t.ordered_at>{format::date_time(purchase.ordered_at, t.locale)}</Fact>
                <Fact name=t.status>{status}</Fact>
            </Facts>
            {offers}
        </OutcomeCard>
    }
    .into_any()
}
