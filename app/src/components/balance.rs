//! The credit balance, wherever the page shows it: one value, which follows the ledger.

use std::time::Duration;

use billing::money::Credits;
use leptos::prelude::*;

use super::{Notice, Tone};
use crate::{format, locales::texts};

/// How long a change stays marked.
const MARKED: Duration = Duration::from_millis(1_600);

/// The signed-in visitor's balance, for every component that shows it.
#[derive(Clone, Copy)]
pub(crate) struct LiveBalance {
    /// As the page was made; `None` when nobody is signed in or it could not be read.
    at_first: Resource<Option<Credits>>,
    /// As it was last heard of.
    latest: RwSignal<Option<Credits>>,
    /// A change that came a moment ago.
    news: RwSignal<Option<Credits>>,
    /// How often the visitor's purchases have changed, as far as is known.
    changes: RwSignal<i64>,
    /// The server cannot be reached: what is shown may be old.
    lost: RwSignal<bool>,
}

impl LiveBalance {
    /// `changes` as the page was made.
    pub(crate) fn new(at_first: Resource<Option<Credits>>, changes: i64) -> Self {
        Self {
            at_first,
            latest: RwSignal::new(None),
            news: RwSignal::new(None),
            changes: RwSignal::new(changes),
            lost: RwSignal::new(false),
        }
    }

    /// Counts up when a purchase of the visitor's changes.
    pub(crate) fn changes(self) -> i64 {
        self.changes.get()
    }

    /// Takes in how often the purchases have changed.
    #[cfg(feature = "hydrate")]
    pub(crate) fn heard_of_purchases(self, changes: i64) {
        if self.changes.get_untracked() != changes {
            self.changes.set(changes);
        }
    }

    /// Takes in whether the server can be reached.
    #[cfg(feature = "hydrate")]
    pub(crate) fn is_lost(self, lost: bool) {
        if self.lost.get_untracked() != lost {
            self.lost.set(lost);
        }
    }

    /// The balance as it was last heard of, once it was heard of after the page was made.
    pub(crate) fn latest(self) -> Option<Credits> {
        self.latest.get()
    }

    /// Takes in a balance just heard of.
    pub(crate) fn heard(self, credits: Credits) {
        let before = self.latest.get_untracked().or_else(|| self.at_first.get_untracked().flatten());
        if before == Some(credits) {
            return;
        }
        self.latest.set(Some(credits));
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
#[component]
pub(crate) fn BalanceText(
    /// The number large, the word beside it small.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let balance = expect_context::<LiveBalance>();
    view! {
        <span class="balance" class:balance-news=move || balance.news.get().is_some()>
            <Suspense fallback=|| {
                "–"
            }>{move || Suspend::new(async move {
                let at_first = balance.at_first.await;
                let value = Signal::derive(move || balance.latest.get().or(at_first));
                if large { view! { <Large value=value /> }.into_any() } else { view! { <Words value=value /> }.into_any() }
            })}</Suspense>
        </span>
    }
}

/// Says so when more credits were taken back than were left.
#[component]
pub(crate) fn Overdrawn() -> impl IntoView {
    let t = texts();
    let balance = expect_context::<LiveBalance>();
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let at_first = balance.at_first.await;
                move || {
                    let overdrawn = balance.latest.get().or(at_first).is_some_and(|credits| credits < Credits(0));
                    overdrawn.then(|| view! { <div class="pt-4"><Notice tone=Tone::Bad>{t.balance_overdrawn}</Notice></div> })
                }
            })}
        </Suspense>
    }
}

#[component]
fn Words(value: Signal<Option<Credits>>) -> impl IntoView {
    let t = texts();
    move || value.get().map_or_else(|| "–".to_owned(), |credits| format::credits(credits, t.locale))
}

#[component]
fn Large(value: Signal<Option<Credits>>) -> impl IntoView {
    let t = texts();
    view! {
        {move || value.get().map_or_else(|| "–".to_owned(), |credits| format::number(credits, t.locale))}
        " "
        <span class="balance-unit">{move || value.get().map(format::credit_word)}</span>
    }
}

/// Says so while what is shown may be old.
#[component]
pub(crate) fn ConnectionLost() -> impl IntoView {
    let t = texts();
    let balance = expect_context::<LiveBalance>();
    view! {
        <div class="connection" role="status">
            {move || balance.lost.get().then(|| view! { <p class="connection-lost">{t.connection_lost}</p> })}
        </div>
    }
}

/// Tells of a changed balance those who do not see it change.
#[component]
pub(crate) fn BalanceNews() -> impl IntoView {
    let t = texts();
    let balance = expect_context::<LiveBalance>();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| super::balance_stream::follow(balance));
    view! {
        <p class="sr-only" role="status" aria-live="polite">
            {move || balance.news.get().map(|credits| (t.balance_news)(&format::credits(credits, t.locale)))}
        </p>
    }
}
