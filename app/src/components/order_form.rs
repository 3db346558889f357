//! What the buyer sees before the order: what it is, what it costs, and the button that says what it means.

use leptos::prelude::*;

use super::{
    ErrorView, Fact, Facts, Notice, Tone,
    error_view::error_text,
    icon::{Icon, Shape},
    redirect::Redirect,
};
use crate::{
    api::{ConsentView, CreateCheckout, OrderFormView, ProductView, Visit},
    error::ShopError,
    format,
    locales::texts,
};

/// The form; the way to the payment page once it is sent; or why there is none.
#[component]
pub(super) fn OrderPanel(
    form: Result<OrderFormView, ShopError>,
    /// What came of an order that was sent without JavaScript, and its key if it can be sent again.
    earlier: Option<(ShopError, Option<String>)>,
    ordering: ServerAction<CreateCheckout>,
) -> impl IntoView {
    let form = match form {
        Ok(form) => form,
        Err(error) => return view! { <ErrorView error=error /> }.into_any(),
    };
    let (earlier_error, earlier_key) = earlier.unzip();
    let order_key = earlier_key.flatten().unwrap_or(form.order_key);
    let (product, consent) = (form.product, form.consent);
    view! {
        {move || match ordering.value().get() {
            Some(Ok(ordered)) => view! { <Redirect ordered=ordered ordering=ordering /> }.into_any(),
            answer => {
                let error = answer.and_then(Result::err).or(earlier_error);
                view! {
                    <Summary
                        product=product.clone()
                        consent=consent.clone()
                        order_key=order_key.clone()
                        error=error
                        ordering=ordering
                    />
                }
                .into_any()
            }
        }}
    }
    .into_any()
}

#[component]
fn Summary(
    product: ProductView,
    consent: ConsentView,
    order_key: String,
    error: Option<ShopError>,
    ordering: ServerAction<CreateCheckout>,
) -> impl IntoView {
    let t = texts();
    let visit = expect_context::<Visit>();
    let vat = (t.vat_included)(&format::percent(visit.vat_rate_basis_points, t.locale));
    let sending = ordering.pending();
    // What § 312j (2) BGB asks for stands right above the button, and the button says what § 312j (3) BGB wants of it.
    view! {
        {error.map(|error| view! { <Notice tone=Tone::Bad>{error_text(error, t)}</Notice> })}
        <ActionForm action=ordering attr:class="stack">
            <input type="hidden" name="product_id" value=product.id />
            <input type="hidden" name="order_key" value=order_key />
            <label class="consent">
                <input type="checkbox" name="consent" value=consent.version required />
                <span>{consent.text}</span>
            </label>
            <Facts>
                <Fact name=t.product.to_owned()>{product.name}</Fact>
                <Fact name=t.credits.to_owned()>{format::credits(product.credits, t.locale)}</Fact>
                <Fact name=t.delivery.to_owned()>{t.delivery_at_once}</Fact>
                <Fact name=t.total.to_owned() total=true>
                    <strong class="price">{format::money(product.price, t.locale)}</strong>
                    <span class="fine">{vat}</span>
                </Fact>
            </Facts>
            <button class="btn btn-primary btn-large" disabled=move || sending.get()>
                {move || if sending.get() { t.order_sending } else { t.order_button }}
            </button>
        </ActionForm>
        <p class="fine flex gap-2">
            <Icon shape=Shape::Lock />
            <span>{if visit.mock { t.order_hint_mock } else { t.order_hint }}</span>
        </p>
    }
}
