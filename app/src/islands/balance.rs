//! The credit balance, wherever the page shows it.

use billing::{ledger::Balance, money::Credits};
use leptos::prelude::*;

use super::{balance_stream, live_balance::LiveBalance};
use crate::{
    components::{Notice, Tone},
    format,
    locales::{island_texts, page_locale},
};

/// The balance in words; marked for a moment when it changes.
#[component]
pub(super) fn BalanceText(
    /// As the page was rendered; `None` when it could not be read.
    balance: Option<Balance>,
    /// The number large, the word beside it small.
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
    // What the page was rendered with is what news is compared with.
    Effect::new(move |_| {
        if let Some(balance) = balance {
            live.set_balance(balance);
        }
    });
    view! { <BalanceText balance=balance large=false /> }
}

/// The balance in large figures; says so when more credits were taken back than were left.
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

/// Follows the balance. Tells of a change those who do not see it, and says so while what is shown may be old.
#[island]
pub(crate) fn BalanceFollower(
    /// Whose balance; tells a customer's tabs from another's in the same browser.
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
