//! What stands where no page is.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{api, error::ShopError, locales::texts, routes};

/// Answers an unknown address.
#[component]
pub(crate) fn NotFoundPage() -> impl IntoView {
    view! {
        <div class="narrow">
            <NotFound />
        </div>
    }
}

/// Says the same of an unknown purchase as of an unknown address, with status 404.
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
