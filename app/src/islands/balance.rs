//! The credit balance, wherever the page shows it.

use billing::{ledger::Balance, money::Credits};
use leptos::prelude::*;

use super::{balance_stream, live_balance::LiveBalance};
use crate::{
    components::{Notice, Tone},
    format,
    locales::{island_texts, page_locale},
};

/// The balance as text; highlighted for a moment when it changes.
#[component]
pub(super) fn BalanceText(
    /// The balance that the page was rendered with; `None` when it could not be read.
    balance: Option<Balance>,
    /// Whether to show the number larger than its unit.
    large: bool,
) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    let locale = page_locale();
    let credits = move || live.credits(balance);
    let words = if large { format::number } else { format::credits };
    let shown = move || credits().map_or_else(|| "–".to_owned(), |credits| words(credits, locale));
    let unit = move || credits().map(format::credit_word);
    view! {
        <span class="balance" class:balance-news=move || live.news().is_some()>
            {shown}
            {large.then(|| view! { " "<span class="balance-unit">{unit}</span> })}
        </span>
    }
}

/// The balance at the top of the page.
#[island]
pub(crate) fn BalancePill(balance: Option<Balance>) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    // Later balances are compared with the one that the page was rendered with.
    Effect::new(move |_| {
        if let Some(balance) = balance {
            live.set_balance(balance);
        }
    });
    view! { <BalanceText balance=balance large=false /> }
}

/// The balance on its card, with a notice when it is overdrawn.
#[island]
pub(crate) fn BalanceCard(balance: Option<Balance>) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    let t = island_texts();
    let overdrawn = move || live.credits(balance).is_some_and(|credits| credits < Credits(0));
    view! {
        <div class="card hero-card">
            <p class="eyebrow">{t.balance}</p>
            <p class="balance-large">
                <BalanceText balance=balance large=true />
            </p>
            <div class="pt-4" hidden=move || !overdrawn()>
                <Notice tone=Tone::Bad>{t.balance_overdrawn}</Notice>
            </div>
        </div>
    }
}

/// Follows the balance. Announces changes to screen readers, and shows when the balance may be outdated.
#[island]
pub(crate) fn BalanceFollower(
    /// The customer's e-mail address, which separates the tabs of different customers in one browser.
    email: String,
) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    let t = island_texts();
    Effect::new(move |_| balance_stream::follow(live, &email));
    let news = move || live.news().map(|credits| format!("{}: {}", t.new_balance, format::credits(credits, t.locale)));
    view! {
        <p class="sr-only" role="status" aria-live="polite">
            {news}
        </p>
        <div role="status">
            {move || live.is_lost().then(|| view! { <p class="connection-lost">{t.connection_lost}</p> })}
        </div>
    }
}
