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
    let (says, link) = match &ordered {
        Ordered::Pay { url } => ((t.redirect_pay)(host(url)), t.redirect_pay_link),
        Ordered::Processing { .. } => (t.redirect_processing.to_owned(), t.redirect_link),
        Ordered::Paid { .. } => (t.redirect_paid.to_owned(), t.redirect_link),
        Ordered::Failed { .. } => (t.redirect_failed.to_owned(), t.redirect_link),
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
        <div class="stack my-auto text-center" role="status">
            <p>{says}</p>
            <p>
                <a class="btn btn-primary btn-large" rel="external" href=location>
                    {link}
                </a>
            </p>
        </div>
    }
}

/// The host of an absolute address, port included, as the buyer will see it in the address bar.
fn host(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buyer_is_told_the_host_that_the_browser_goes_to() {
        assert_eq!(host("https://checkout.stripe.com/c/pay/cs_test_1#fid=x"), "checkout.stripe.com");
        assert_eq!(host("http://127.0.0.1:3100?x=https://checkout.stripe.com/"), "127.0.0.1:3100");
        assert_eq!(host("https://checkout.stripe.com@evil.example/pay"), "evil.example");
    }
}
