//! Credits that are set aside: no charge, and shown as none.

use leptos::prelude::*;

use super::ledger_row::JobReference;
use crate::{api::HoldView, format, locales::texts};

/// The holds of a customer, each with its end; nothing where there are none.
#[component]
pub(crate) fn Holds(holds: Vec<HoldView>) -> impl IntoView {
    if holds.is_empty() {
        return None;
    }
    let t = texts();
    let items: Vec<_> = holds.into_iter().map(|hold| view! { <HoldItem hold=hold /> }).collect();
    Some(view! {
        <section class="card stack" aria-labelledby="holds-title">
            <h2 class="title" id="holds-title">
                {t.holds_title}
            </h2>
            <p>{t.holds_text}</p>
            <ul class="holds">{items}</ul>
        </section>
    })
}

#[component]
fn HoldItem(hold: HoldView) -> impl IntoView {
    let t = texts();
    let what = hold.description.unwrap_or_else(|| t.hold_unnamed.to_owned());
    let until = format::date_time(hold.until, t.locale);
    view! {
        <li>
            <bdi>{what}</bdi>
            <p class="fine">{(t.held_until)(&format::credits(hold.credits, t.locale), &until)}</p>
            {hold.reference.map(|reference| view! { <JobReference reference=reference /> })}
        </li>
    }
}
