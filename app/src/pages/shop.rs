//! `/`: balance, products, history; with `?buy=…` the order form.

use billing::ids::PurchaseId;
use leptos::prelude::*;
use leptos_meta::Title;

use super::page_error::PageError;
use crate::{
    address,
    api::{self, PageContext},
    components::{Icon, Notice, PageBalanceCard, ProductCard, Shape, Tone},
    error::ShopError,
    islands::{History, IslandData, OrderDialog},
    locales::texts,
    routes,
    views::OrderFormView,
    wording::error_text,
};

/// The front page.
#[component]
pub(crate) fn ShopPage() -> impl IntoView {
    let t = texts();
    let signed_in = expect_context::<PageContext>().signed_in();
    let product_id = address::query("buy").filter(|id| !id.is_empty());
    let refused = address::query("error").and_then(|code| ShopError::from_code(&code));
    // An open order form shows it itself.
    let notice = refused.filter(|_| product_id.is_none()).map(|error| {
        view! { <Notice tone=Tone::Bad>{error_text(error, t)}</Notice> }
    });
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
        {notice}
        <section class="hero">
            <div class="stack">
                <h1 class="display">{t.shop_title}</h1>
                <p class="lead">{t.shop_lead}</p>
                <ul class="promises">{promises}</ul>
            </div>
            {if signed_in {
                view! { <PageBalanceCard /> }.into_any()
            } else {
                view! { <Invitation /> }.into_any()
            }}
        </section>
        <Products />
        {signed_in.then(|| view! { <Purchases /> })}
        {signed_in.then(|| view! { <Order product_id=product_id refused=refused /> })}
    }
}

/// The history, newest first: `/?older=<purchase id>` is the next page.
#[component]
fn Purchases() -> impl IntoView {
    let changes = expect_context::<PageContext>().changes;
    let older_than = address::query("older").and_then(|id| id.parse::<PurchaseId>().ok());
    Suspend::new(async move {
        match api::purchase_history(older_than).await {
            Ok(page) => view! { <History page=IslandData(page) older_than=older_than changes=changes /> }.into_any(),
            Err(error) => view! { <PageError error=error /> }.into_any(),
        }
    })
}

/// The dialog with the order form of the product in the URL, if any.
#[component]
fn Order(product_id: Option<String>, refused: Option<ShopError>) -> impl IntoView {
    // An order that can still succeed keeps its key.
    let earlier_key = address::query("key").filter(|_| refused.is_some_and(ShopError::keeps_order));
    Suspend::new(async move {
        let form = match &product_id {
            Some(product_id) => api::order_form(product_id.clone()).await.map(Some),
            None => Ok(None),
        };
        let failed = form.as_ref().err().copied();
        if let Some(error) = failed {
            api::page_status(error.status());
        }
        let form = form.ok().flatten();
        let form = form.map(|form| match earlier_key {
            Some(order_key) => OrderFormView { order_key, ..form },
            None => form,
        });
        view! { <OrderDialog product_id=product_id form=IslandData(form) failed=failed refused=refused /> }.into_any()
    })
}

/// Replaces the balance for visitors who are not signed in.
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
        Err(error) => view! { <PageError error=error /> }.into_any(),
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
