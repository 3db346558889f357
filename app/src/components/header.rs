//! The header of every page.

use leptos::prelude::*;

use super::{
    balance::PageBalancePill,
    footer::LanguageSwitch,
    icon::{Icon, Shape},
};
use crate::{api::PageContext, locales::texts, routes};

/// The shop's name, the balance, and the user.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let t = texts();
    let email = expect_context::<PageContext>().email;
    let account = match email {
        Some(email) => view! {
            <a class="balance-pill" href=routes::ACCOUNT>
                <Icon shape=Shape::Coin />
                <span class="sr-only">{t.available}": "</span>
                <PageBalancePill />
            </a>
            <form class="flex items-center gap-1" method="post" action="/signout">
                <span class="header-email" title=email.clone()>
                    {email.clone()}
                </span>
                <button class="btn btn-quiet">
                    <span class="max-sm:sr-only">{t.sign_out}</span>
                    <span class="sm:hidden">
                        <Icon shape=Shape::Exit />
                    </span>
                </button>
            </form>
        }
        .into_any(),
        None => view! { <a class="btn btn-secondary" href=routes::sign_in(routes::SHOP)>{t.sign_in}</a> }.into_any(),
    };
    view! {
        <a class="skip-link" href="#main">
            {t.skip_to_content}
        </a>
        <header class="site-header">
            <div class="frame flex min-h-16 items-center justify-between gap-3 py-2">
                <a class="wordmark" href=routes::SHOP>
                    <img src="/favicon.svg" alt="" width="28" height="28" />
                    <span>"IZA Credits"</span>
                </a>
                <div class="flex shrink-0 items-center gap-2 sm:gap-3">
                    <div class="hidden md:block">
                        <LanguageSwitch />
                    </div>
                    {account}
                </div>
            </div>
        </header>
    }
}

/// Says on every page that no real money moves.
#[component]
pub(crate) fn MockBanner() -> impl IntoView {
    let mock = expect_context::<PageContext>().mock;
    mock.then(|| view! { <p class="mock-banner">{texts().mock_banner}</p> })
}
