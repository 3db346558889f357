//! The credit balance, wherever the page shows it.

use billing::{money::Credits, wallet::Funds};
use leptos::prelude::*;

use super::{balance_stream, live_balance::LiveBalance};
use crate::{
    components::{Notice, Tone},
    format,
    locales::{island_texts, page_locale},
};

/// The available credits as text; highlighted for a moment when they change.
#[component]
pub(super) fn BalanceText(
    /// The credits that the page was rendered with; `None` when they could not be read.
    funds: Option<Funds>,
    /// Whether to show the number larger than its unit.
    large: bool,
) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    let locale = page_locale();
    let credits = move || live.funds(funds).map(Funds::available);
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

/// The available credits at the top of the page.
#[island]
pub(crate) fn BalancePill(funds: Option<Funds>) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    // Later balances are compared with the one that the page was rendered with.
    Effect::new(move |_| {
        if let Some(funds) = funds {
            live.set_funds(funds);
        }
    });
    view! { <BalanceText funds=funds large=false /> }
}

/// The available credits on their card, with a notice when the balance is overdrawn.
#[island]
pub(crate) fn BalanceCard(funds: Option<Funds>) -> impl IntoView {
    let live = expect_context::<LiveBalance>();
    let t = island_texts();
    let overdrawn = move || live.funds(funds).is_some_and(|funds| funds.balance < Credits(0));
    view! {
        <div class="card hero-card">
            <p class="eyebrow">{t.available}</p>
            <p class="balance-large">
                <BalanceText funds=funds large=true />
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
    let news = move || live.news().map(|credits| format!("{}: {}", t.available, format::credits(credits, t.locale)));
    view! {
        <p class="sr-only" role="status" aria-live="polite">
            {news}
        </p>
        <div role="status">
            {move || live.is_lost().then(|| view! { <p class="connection-lost">{t.connection_lost}</p> })}
        </div>
    }
}
