//! The outcome of a purchase on the success page and the cancel page.

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

/// The contents of the card.
pub(crate) struct Outcome {
    tone: Tone,
    title: &'static str,
    text: String,
    /// Whether to show the new balance.
    shows_balance: bool,
    /// Whether the purchase can be discarded.
    pub(crate) can_discard: bool,
    /// `Some` while a payment is under way, with whether the provider has answered.
    processing: Option<bool>,
    /// The purchase, on the cancel page.
    purchase: Option<PurchaseView>,
    offers: [Offer; 2],
}

/// A link.
struct Offer {
    class: &'static str,
    text: &'static str,
    href: String,
}

fn primary(text: &'static str, href: String) -> Offer {
    Offer { class: "btn btn-primary", text, href }
}

fn secondary(text: &'static str, href: String) -> Offer {
    Offer { class: "btn btn-secondary", text, href }
}

fn to_shop(t: &IslandTexts) -> Offer {
    Offer { class: "link", text: t.to_shop, href: routes::SHOP.to_owned() }
}

impl Outcome {
    fn new(tone: Tone, title: &'static str, text: String, offers: [Offer; 2]) -> Self {
        let (shows_balance, can_discard) = (false, false);
        Self { tone, title, text, shows_balance, can_discard, processing: None, purchase: None, offers }
    }

    /// The outcome on the success page. `purchase` is `None` while the provider does not answer; `here` is the page's
    /// URL, for reloading it.
    pub(crate) fn of_success(purchase: Option<&PurchaseView>, here: String, t: &'static IslandTexts) -> Self {
        let processing = |answered, here| Self {
            processing: Some(answered),
            ..Self::new(
                Tone::Waiting,
                t.processing_title,
                t.processing_text.to_owned(),
                [secondary(t.reload, here), to_shop(t)],
            )
        };
        let Some(purchase) = purchase else { return processing(false, here) };
        let receipt = || secondary(t.show_receipt, routes::receipt(&purchase.id.to_string()));
        match purchase.status {
            Status::Paid => {
                let credits = format::credits(purchase.credits, t.locale);
                let booked = (t.success_booked)(&credits, &format::money(purchase.price, t.locale));
                let offers = [primary(t.to_shop, routes::SHOP.to_owned()), receipt()];
                Self { shows_balance: true, ..Self::new(Tone::Good, t.success_title, booked, offers) }
            }
            Status::Pending if purchase.processing => processing(true, here),
            // The session is still open, for example because a card was declined, or because the buyer opened this page
            // without paying.
            Status::Pending => {
                let go_on = primary(t.history_continue, routes::cancel(&purchase.id.to_string()));
                Self::new(Tone::Plain, t.unpaid_title, t.unpaid_text.to_owned(), [go_on, to_shop(t)])
            }
            Status::Failed => {
                let again = primary(t.order_again, routes::order(&purchase.product_id));
                Self::new(Tone::Bad, t.failed_title, t.failed_text.to_owned(), [again, to_shop(t)])
            }
            Status::Refunded => Self::new(Tone::Plain, t.refunded_title, String::new(), [receipt(), to_shop(t)]),
        }
    }

    /// The outcome on the cancel page.
    pub(crate) fn of_cancel(status: PurchaseStatusView, t: &'static IslandTexts) -> Self {
        let PurchaseStatusView { purchase, checkout_url, known, .. } = status;
        let (tone, title, text) = match purchase.status {
            Status::Pending if !known => (Tone::Waiting, t.cancel_unknown_title, t.cancel_unknown_text),
            Status::Pending if purchase.processing => (Tone::Waiting, t.processing_title, t.cancel_processing_text),
            Status::Pending => (Tone::Plain, t.cancel_title, t.cancel_text),
            Status::Failed => (Tone::Plain, t.discarded_title, t.discarded_text),
            Status::Paid => (Tone::Good, t.cancel_paid_title, t.cancel_paid_text),
            Status::Refunded => (Tone::Plain, t.refunded_title, ""),
        };
        let again = || primary(t.order_again, routes::order(&purchase.product_id));
        let mut can_discard = false;
        let first = match (purchase.status, &purchase.session_id) {
            // It may be paid, so the buyer must not pay it again or discard it.
            (Status::Pending, Some(session_id)) if purchase.processing || !known => {
                primary(t.history_check, routes::success(session_id))
            }
            (Status::Pending, _) => {
                can_discard = true;
                // Without a URL, opening the payment page has failed before.
                checkout_url.map_or_else(again, |url| primary(t.continue_to_payment, url))
            }
            (Status::Failed, _) => again(),
            (Status::Paid | Status::Refunded, _) => primary(t.show_receipt, routes::receipt(&purchase.id.to_string())),
        };
        let outcome = Self::new(tone, title, text.to_owned(), [first, to_shop(t)]);
        Self { can_discard, purchase: Some(purchase), ..outcome }
    }
}

/// The card, with `balance` for a purchase that was just paid, and `discard` for one that can be discarded.
#[component]
pub(crate) fn PurchaseOutcome<B, D>(outcome: Outcome, balance: B, discard: D) -> impl IntoView
where
    B: IntoView + 'static,
    D: IntoView + 'static,
{
    let t = island_texts();
    let Outcome { tone, title, text, shows_balance, can_discard, processing, purchase, offers } = outcome;
    let balance = shows_balance.then(|| {
        view! {
            <p class="outcome-balance">
                <span class="eyebrow">{t.available}</span>
                <span class="balance-medium">{balance}</span>
            </p>
        }
    });
    let progress = processing.map(|answered| {
        view! {
            <progress class="progress" aria-label=t.processing_title></progress>
            {(!answered).then(|| view! { <Notice tone=Tone::Waiting>{t.processing_unreachable}</Notice> })}
        }
    });
    let facts = purchase.map(|purchase| purchase_facts(&purchase, t));
    let [first, second] = offers.map(|Offer { class, text, href }| {
        view! {
            <a class=class href=href>
                {text}
            </a>
        }
    });
    // The button that discards the purchase takes the place of the second link.
    let (discard, second) = (can_discard.then_some(discard), (!can_discard).then_some(second));
    view! {
        <OutcomeCard tone=tone title=title text=text>
            {balance}
            {progress}
            {facts}
            <div class="actions">{first} {discard} {second}</div>
        </OutcomeCard>
    }
}

fn purchase_facts(purchase: &PurchaseView, t: &'static IslandTexts) -> impl IntoView + use<> {
    let credits = credits_beside_name(purchase, t);
    let facts = [
        (t.product, Some(purchase.name.clone())),
        (t.credits, credits),
        (t.amount, Some(format::money(purchase.price, t.locale))),
        (t.ordered_at, Some(format::date_time(purchase.ordered_at, t.locale))),
        (t.status, Some(status_text(purchase, t).to_owned())),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let facts: Vec<_> = facts.map(|(name, value)| view! { <Fact name=name>{value}</Fact> }).collect();
    view! { <Facts>{facts}</Facts> }
}
