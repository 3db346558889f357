//! The credit balance, wherever the page shows it: one value, which follows the ledger.

use std::time::Duration;

use billing::{locale::Locale, money::Credits};
use leptos::prelude::*;

use super::balance_stream;
use crate::format;

/// How long a change stays marked.
const MARKED: Duration = Duration::from_millis(1_600);

/// What the page has heard of the signed-in visitor's balance and purchases, for every island. On the server, nothing.
#[derive(Clone, Copy)]
pub(crate) struct LiveBalance {
    /// As it was last heard of.
    credits: RwSignal<Option<Credits>>,
    /// A change that came a moment ago.
    news: RwSignal<Option<Credits>>,
    /// How often the visitor's purchases have changed.
    changes: RwSignal<Option<i64>>,
    /// The server cannot be reached: what is shown may be old.
    lost: RwSignal<bool>,
}

impl LiveBalance {
    pub(crate) fn new() -> Self {
        Self {
            credits: RwSignal::new(None),
            news: RwSignal::new(None),
            changes: RwSignal::new(None),
            lost: RwSignal::new(false),
        }
    }

    /// Counts up when a purchase of the visitor's changes.
    pub(super) fn changes(self) -> Option<i64> {
        self.changes.get()
    }

    /// Takes in how often the purchases have changed.
    pub(super) fn heard_of_purchases(self, changes: i64) {
        if self.changes.get_untracked() != Some(changes) {
            self.changes.set(Some(changes));
        }
    }

    /// Takes in whether the server can be reached.
    pub(super) fn is_lost(self, lost: bool) {
        if self.lost.get_untracked() != lost {
            self.lost.set(lost);
        }
    }

    /// Takes in a balance just heard of.
    pub(super) fn heard(self, credits: Credits) {
        let before = self.credits.get_untracked();
        if before == Some(credits) {
            return;
        }
        self.credits.set(Some(credits));
        if before.is_some() {
            self.news.set(Some(credits));
            set_timeout(
                move || {
                    self.news.try_update(|news| {
                        // A later change keeps its own time.
                        if *news == Some(credits) {
                            *news = None;
                        }
                    });
                },
                MARKED,
            );
        }
    }
}

/// The balance in words; marked for a moment when it changes.
#[island]
pub(crate) fn BalanceText(
    /// As the page was made; `None` when it could not be read.
    credits: Option<Credits>,
    locale: Locale,
    /// The number large, the word beside it small.
    large: bool,
) -> impl IntoView {
    let balance = expect_context::<LiveBalance>();
    // What was rendered is heard of, too: a part of the page can come later than the page.
    Effect::new(move |_| {
        if let Some(credits) = credits {
            balance.heard(credits);
        }
    });
    let shown = move |words: fn(Credits, Locale) -> String| {
        balance.credits.get().or(credits).map_or_else(|| "–".to_owned(), |credits| words(credits, locale))
    };
    let unit = move || balance.credits.get().or(credits).map(format::credit_word);
    view! {
        <span class="balance" class:balance-news=move || balance.news.get().is_some()>
            {move || shown(if large { format::number } else { format::credits })}
            {large.then(|| view! { " "<span class="balance-unit">{unit}</span> })}
        </span>
    }
}

/// Shows what is inside when more credits were taken back than were left.
#[island]
pub(crate) fn WhileOverdrawn(
    /// As the page was made.
    credits: Option<Credits>,
    children: Children,
) -> impl IntoView {
    let balance = expect_context::<LiveBalance>();
    let overdrawn = move || balance.credits.get().or(credits).is_some_and(|credits| credits < Credits(0));
    view! {
        <div class="pt-4" hidden=move || !overdrawn()>
            {children()}
        </div>
    }
}

/// Follows the balance. Tells of a change those who do not see it, and says so while what is shown may be old.
#[island]
pub(crate) fn BalanceNews(
    locale: Locale,
    /// Whose balance; tells a visitor's tabs from another's in the same browser.
    #[prop(into)]
    visitor: String,
    /// What a new balance is called.
    #[prop(into)]
    label: String,
    /// That the server cannot be reached.
    #[prop(into)]
    lost: String,
) -> impl IntoView {
    let balance = expect_context::<LiveBalance>();
    Effect::new(move |_| balance_stream::follow(balance, &visitor));
    let news = move || balance.news.get().map(|credits| format!("{label}: {}", format::credits(credits, locale)));
    view! {
        <p class="sr-only" role="status" aria-live="polite">
            {news}
        </p>
        <div role="status">
            {move || balance.lost.get().then(|| view! { <p class="connection-lost">{lost.clone()}</p> })}
        </div>
    }
}
