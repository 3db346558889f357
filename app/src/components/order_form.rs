//! The order form: product, price, consent and the order button.

use leptos::{ev, prelude::*};

use super::{
    facts::{Fact, Facts},
    icon::{Icon, Shape},
    notice::Refusal,
};
use crate::{
    error::ShopError,
    format,
    locales::{IslandTexts, island_texts},
    routes,
    views::{OrderFormView, ProductView},
    wording::{error_text, price_per_credit},
};

/// The progress of an order.
#[derive(Clone, Copy)]
pub(crate) struct OrderProgress {
    /// Why the previous attempt was refused.
    pub(crate) refused: RwSignal<Option<ShopError>>,
    /// Whether the order is being sent; then the form cannot be sent again.
    pub(crate) sending: RwSignal<bool>,
    /// The payment page that the browser is being redirected to.
    pub(crate) paying_at: RwSignal<Option<String>>,
}

impl OrderProgress {
    pub(crate) fn new(refused: Option<ShopError>) -> Self {
        Self { refused: RwSignal::new(refused), sending: RwSignal::new(false), paying_at: RwSignal::new(None) }
    }

    /// Resets it for a new order.
    pub(crate) fn reset(self) {
        self.refused.set(None);
        self.sending.set(false);
        self.paying_at.set(None);
    }
}

/// The element id of the reason of a refusal.
pub(crate) const ORDER_REFUSAL: &str = "order-refusal";

/// A placeholder of about the form's height, so that little moves when the form appears.
#[component]
pub(crate) fn OrderSkeleton() -> impl IntoView {
    view! {
        <div class="stack" aria-hidden="true">
            <span class="skeleton h-20"></span>
            <span class="skeleton h-54"></span>
            <span class="skeleton h-13"></span>
            <span class="skeleton h-11"></span>
        </div>
    }
}

/// The form. Without JavaScript, it is a plain form.
#[component]
pub(crate) fn OrderForm<F: FnMut(ev::SubmitEvent) + Send + 'static>(
    form: OrderFormView,
    progress: OrderProgress,
    on_submit: F,
) -> impl IntoView {
    let t = island_texts();
    let OrderFormView { product, order_key, consent_version, consent, vat_rate_basis_points, mock } = form;
    let refusal = move || {
        let refused = progress.refused.get()?;
        Some(view! { <Refusal id=ORDER_REFUSAL text=error_text(refused, t) /> })
    };
    // § 312j (2) BGB requires the summary right above the button, § 312j (3) BGB the button's label.
    view! {
        {refusal}
        <form class="stack" method="post" action=routes::ORDER on:submit=on_submit>
            <input type="hidden" name="product_id" value=product.id.clone() />
            <input type="hidden" name="order_key" value=order_key />
            <label class="consent">
                <input type="checkbox" name="consent" value=consent_version required />
                <span>{consent}</span>
            </label>
            {order_facts(&product, vat_rate_basis_points, t)}
            <OrderButton progress=progress />
        </form>
        <p class="fine flex gap-2">
            <Icon shape=Shape::Lock />
            <span>{if mock { t.order_hint_mock } else { t.order_hint }}</span>
        </p>
    }
}

fn order_facts(product: &ProductView, vat_rate_basis_points: i64, t: &'static IslandTexts) -> impl IntoView + use<> {
    let (name, price) = (product.name.clone(), format::money(product.price, t.locale));
    let vat = (t.vat_included)(&format::percent(vat_rate_basis_points, t.locale));
    let about = product.about.clone().map(|about| view! { <span class="fine">{about}</span> });
    // The name of a pack contains its credits already.
    let (label, contents) = match price_per_credit(product, t) {
        Some(price) => (t.unit_price, price),
        None => (t.credits, format::credits(product.credits, t.locale)),
    };
    view! {
        <Facts>
            <Fact name=t.product>{name} {about}</Fact>
            <Fact name=label>{contents}</Fact>
            <Fact name=t.delivery>{t.delivery_at_once}</Fact>
            <Fact name=t.total total=true>
                <strong class="price">{price}</strong>
                <span class="fine">{vat}</span>
            </Fact>
        </Facts>
    }
}

/// The button, which shows that the order is being sent. Then the payment page's host, with a link in case the redirect
/// fails.
#[component]
fn OrderButton(progress: OrderProgress) -> impl IntoView {
    let t = island_texts();
    let OrderProgress { sending, paying_at, .. } = progress;
    let redirect = move || {
        paying_at.get().map(|address| {
            view! {
                <p>{format!("{} {}", t.redirect_pay, host(&address))}</p>
                <p>
                    <a class="link" href=address>
                        {t.redirect_pay_link}
                    </a>
                </p>
            }
        })
    };
    view! {
        <button class="btn btn-primary btn-large" disabled=move || sending.get()>
            {move || if sending.get() { t.order_sending } else { t.order_button }}
        </button>
        <div class="text-center" role="status">
            {redirect}
        </div>
    }
}

/// The host and port of a URL, as shown in the address bar.
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
