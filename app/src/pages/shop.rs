//! `/`: balance, products, history; with `?buy=…` the order form.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, PageContext},
    components::{BalanceCard, ErrorView, History, Icon, OrderDialog, ProductCard, Shape},
    context::texts,
    routes,
};

/// The front page.
#[component]
pub(crate) fn ShopPage() -> impl IntoView {
    let t = texts();
    let signed_in = expect_context::<PageContext>().signed_in();
    let promises = t.promises.map(|promise| {
        view! {
            <li>
                <Icon shape=Shape::Check />
                {promise}
            </li>
        }
    });
    view! {
        <Title text=t.shop_title />
        <section class="hero">
            <div class="stack">
                <h1 class="display">{t.shop_title}</h1>
                <p class="lead">{t.shop_lead}</p>
                <ul class="promises">{promises}</ul>
            </div>
            {if signed_in {
                view! { <BalanceCard /> }.into_any()
            } else {
                view! { <Invitation /> }.into_any()
            }}
        </section>
        <Products />
        {signed_in.then(|| view! { <History /> })}
        {signed_in.then(|| view! { <OrderDialog /> })}
    }
}

/// In place of the balance, for somebody who is not signed in.
#[component]
fn Invitation() -> impl IntoView {
    let t = texts();
    view! {
        <div class="card hero-card stack">
            <p>{t.invitation}</p>
            <p class="flex flex-wrap gap-3">
                <a class="btn btn-primary" href=routes::sign_in(routes::SHOP)>
                    {t.sign_in}
                </a>
                <a class="btn btn-secondary" href=routes::sign_up(routes::SHOP)>
                    {t.sign_up}
                </a>
            </p>
        </div>
    }
}

#[component]
fn Products() -> impl IntoView {
    let t = texts();
    let shelf = match api::products() {
        Ok(products) => {
            let cards: Vec<_> = products.into_iter().map(|product| view! { <ProductCard product=product /> }).collect();
            view! { <ul class="shelf">{cards}</ul> }.into_any()
        }
        Err(error) => view! { <ErrorView error=error /> }.into_any(),
    };
    view! {
        <section class="section" id="products" aria-labelledby="products-title">
            <h2 class="title" id="products-title">
                {t.products_title}
            </h2>
            {shelf}
        </section>
    }
}
