//! The footer of every page.

use billing::locale::Locale;
use leptos::prelude::*;

use crate::{address, api::PageContext, legal::LegalPage, locales::Texts, locales::texts, routes};

/// The seller, the links that the law requires on every page, and the choice of language.
#[component]
pub(crate) fn Footer() -> impl IntoView {
    let t = texts();
    let seller = expect_context::<PageContext>().seller_name;
    let legal = LegalPage::ALL.map(|page| {
        view! { <a class="link" href=page.path()>{page.title(t)}</a> }
    });
    view! {
        <footer class="site-footer">
            <div class="frame flex flex-wrap items-center justify-between gap-x-8 gap-y-3 py-6">
                <p>{(t.sold_by)(&seller)}</p>
                <p>{t.paid_by_stripe}</p>
                <div class="md:hidden">
                    <LanguageSwitch />
                </div>
                <nav class="legal-links" aria-label=t.legal>
                    {legal}
                    <a class="link" href=routes::WITHDRAW>
                        {t.withdraw}
                    </a>
                </nav>
            </div>
        </footer>
    }
}

/// Changes the language and reloads the page.
#[component]
pub(crate) fn LanguageSwitch() -> impl IntoView {
    let t = texts();
    let choices = Locale::ALL.map(|locale| {
        view! {
            <button
                class="language"
                name="locale"
                value=locale.as_str()
                lang=locale.as_str()
                title=Texts::of(locale).language_name
                aria-pressed=(locale == t.locale).to_string()
            >
                {locale.as_str().to_uppercase()}
            </button>
        }
    });
    view! {
        <form class="flex" method="post" action="/locale" aria-label=t.language>
            <input type="hidden" name="next" value=address::here() />
            {choices}
        </form>
    }
}
