//! A product in the shop.

use leptos::prelude::*;

use crate::{api::PageContext, format, locales::texts, routes, views::ProductView, wording::price_per_credit};

/// Name, credits, price with VAT, and the link to the order form.
#[component]
pub(crate) fn ProductCard(product: ProductView) -> impl IntoView {
    let t = texts();
    let page = expect_context::<PageContext>();
    let about = price_per_credit(&product, t).unwrap_or_else(|| {
        let included = (t.credits_included)(&format::credits(product.credits, t.locale));
        product.about.iter().cloned().chain([included]).collect::<Vec<_>>().join(", ")
    });
    let order = routes::order(&product.id);
    let href = if page.signed_in() { order } else { routes::sign_in(&order) };
    view! {
        <li class="card product">
            <h3 class="product-name">{product.name.clone()}</h3>
            <p class="product-about">{about}</p>
            <p class="product-price">
                <span class="price">{format::money(product.price, t.locale)}</span>
                <span class="fine">
                    {(t.vat_included)(&format::percent(page.vat_rate_basis_points, t.locale))}
                </span>
            </p>
            <a
                class="btn btn-primary"
                id=routes::buy_link_id(&product.id)
                href=href
                data-opens-order=page.signed_in().then(|| product.id.clone())
                aria-label=(t.buy_product)(&product.name)
            >
                {t.buy}
            </a>
        </li>
    }
}
