//! A product on the shelf.

use billing::catalog::PurchaseType;
use leptos::prelude::*;

use crate::{
    api::{PageContext, ProductView},
    context::texts,
    format, routes,
};

/// The id of the link that orders a product; focus goes back there when the order form closes.
pub(super) fn buy_link_id(product_id: &str) -> String {
    format!("buy-{product_id}")
}

/// Name, credits, price with VAT, and the way to the order form.
#[component]
pub(crate) fn ProductCard(product: ProductView) -> impl IntoView {
    let t = texts();
    let visit = expect_context::<PageContext>();
    let about = match product.kind {
        PurchaseType::Credits => t.credits_at_once.to_owned(),
        PurchaseType::IzaPass => (t.credits_included)(&format::credits(product.credits, t.locale)),
    };
    let order = routes::order(&product.id);
    let href = if visit.signed_in() { order } else { routes::sign_in(&order) };
    view! {
        <li class="card product">
            <h3 class="product-name">{product.name.clone()}</h3>
            <p class="product-about">{about}</p>
            <p class="product-price">
                <span class="price">{format::money(product.price, t.locale)}</span>
                <span class="fine">
                    {(t.vat_included)(&format::percent(visit.vat_rate_basis_points, t.locale))}
                </span>
            </p>
            <a
                class="btn btn-primary"
                id=buy_link_id(&product.id)
                href=href
                data-opens-order=visit.signed_in().then_some("")
                aria-label=(t.buy_product)(&product.name)
            >
                {t.buy}
            </a>
        </li>
    }
}
