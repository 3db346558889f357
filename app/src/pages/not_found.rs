//! The not-found page.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{api, error::ShopError, locales::texts, routes};

/// The page of an unknown URL.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <div class="narrow">
            <NotFound />
        </div>
    }
}

/// The same page with status 404 for an unknown purchase.
#[component]
pub(super) fn NotFound() -> impl IntoView {
    api::page_status(ShopError::NotFound.status());
    let t = texts();
    view! {
        <Title text=t.not_found_title />
        <section class="card outcome">
            <p class="eyebrow">"404"</p>
            <h1 class="title-large">{t.not_found_title}</h1>
            <p class="lead">{t.not_found_text}</p>
            <p class="actions">
                <a class="btn btn-primary" href=routes::SHOP>
                    {t.to_shop}
                </a>
            </p>
        </section>
    }
}
