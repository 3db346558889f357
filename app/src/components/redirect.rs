//! The way from the order to the payment page.

use leptos::{ev, prelude::*};

use crate::{
    api::{CreateCheckout, Ordered},
    locales::texts,
};

/// Says where the buyer is being taken, and goes there; the link is for a browser that stays. When the buyer comes
/// back by the browser's back button, the page is as it was kept: then the order form comes back, too.
#[component]
pub(super) fn Redirect(ordered: Ordered, ordering: ServerAction<CreateCheckout>) -> impl IntoView {
    let t = texts();
    let location = ordered.location();
    let (says, link) = match ordered {
        Ordered::Pay { .. } => (t.redirect_pay, t.redirect_pay_link),
        Ordered::Processing { .. } => (t.redirect_processing, t.redirect_link),
        Ordered::Paid { .. } => (t.redirect_paid, t.redirect_link),
        Ordered::Failed { .. } => (t.redirect_failed, t.redirect_link),
    };
    let target = location.clone();
    Effect::new(move |_| {
        _ = window().location().assign(&target);
    });
    let shown_again = window_event_listener(ev::pageshow, move |event| {
        if event.persisted() {
            ordering.clear();
        }
    });
    on_cleanup(move || shown_again.remove());
    view! {
        <div class="stack" role="status">
            <p>{says}</p>
            <p>
                <a class="btn btn-primary btn-large" rel="external" href=location>
                    {link}
                </a>
            </p>
        </div>
    }
}
