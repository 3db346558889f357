//! What the buyer sees before the order: what it is, what it costs, and the button that says what it means.

use leptos::prelude::*;

use super::{
    ErrorView, Fact, Facts, Refusal,
    error_view::error_text,
    icon::{Icon, Shape},
};
use crate::{
    api::{OrderFormView, PageContext},
    context::texts,
    error::ShopError,
    format,
    islands::order::OrderButton,
    routes,
};

/// The form, or why there is none.
#[component]
pub(crate) fn OrderPanel(form: Result<OrderFormView, ShopError>) -> impl IntoView {
    match form {
        Ok(form) => view! { <Summary form=form /> }.into_any(),
        Err(error) => view! { <ErrorView error=error /> }.into_any(),
    }
}

/// As high as the form, nearly, so that little moves when it comes.
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

#[component]
fn Summary(form: OrderFormView) -> impl IntoView {
    let t = texts();
    let visit = expect_context::<PageContext>();
    let vat = (t.vat_included)(&format::percent(visit.vat_rate_basis_points, t.locale));
    let OrderFormView { product, order_key, consent } = form;
    // What came of the form when it was sent before, and the key to go on under.
    let error = routes::query("error").and_then(|code| ShopError::from_code(&code));
    let earlier_key = routes::query("key").filter(|_| error.is_some_and(ShopError::keeps_order));
    // What § 312j (2) BGB asks for stands right above the button, and the button says what § 312j (3) BGB wants of it.
    view! {
        {error.map(|error| view! { <Refusal>{error_text(error, t)}</Refusal> })}
        <form class="stack" method="post" action=routes::ORDER>
            <input type="hidden" name="product_id" value=product.id />
            <input type="hidden" name="order_key" value=earlier_key.unwrap_or(order_key) />
            <label class="consent">
                <input type="checkbox" name="consent" value=consent.version.to_string() required />
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
            <OrderButton
                label=t.order_button
                sending_label=t.order_sending
                redirect=t.redirect_pay
                redirect_link=t.redirect_pay_link
            />
        </form>
        <p class="fine flex gap-2">
            <Icon shape=Shape::Lock />
            <span>{if visit.mock { t.order_hint_mock } else { t.order_hint }}</span>
        </p>
    }
    .into_any()
}
