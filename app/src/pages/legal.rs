//! `/legal/{page}`: imprint, terms, privacy, notice of withdrawal.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{not_found::NotFound, page_error::PageError};
use crate::{
    api,
    components::{Notice, Tone},
    error::ShopError,
    legal::LegalPage,
    locales::texts,
};

/// A legal page.
#[component]
pub(crate) fn LegalTextPage() -> impl IntoView {
    let t = texts();
    let page = use_params_map().get_untracked().get("page").and_then(|name| LegalPage::from_name(&name));
    let text = page.ok_or(ShopError::NotFound).and_then(|page| api::legal_text(page).map(|text| (page, text)));
    let content = match text {
        Ok((page, text)) => {
            let title = page.title(t);
            view! {
                <Title text=title />
                <h1 class="title-large">{title}</h1>
                {text.sample.then(|| view! { <Notice tone=Tone::Waiting>{t.legal_sample}</Notice> })}
                <article class="prose" inner_html=text.html></article>
            }
            .into_any()
        }
        Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
        Err(error) => view! { <PageError error=error /> }.into_any(),
    };
    view! { <div class="narrow">{content}</div> }
}
