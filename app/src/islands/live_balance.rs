//! What the page knows of the customer's balance and purchases: one value, for every island.

use std::time::Duration;

use billing::{ledger::Balance, money::Credits};
use leptos::prelude::*;

/// How long a change stays marked.
const MARKED: Duration = Duration::from_millis(1_600);

/// Balance and purchases, as far as the page has been told. On the server, nothing.
#[derive(Clone, Copy)]
pub(crate) struct LiveBalance {
    balance: RwSignal<Option<Balance>>,
    /// A change of a moment ago.
    news: RwSignal<Option<Credits>>,
    /// How often the customer's purchases have changed.
    changes: RwSignal<Option<i64>>,
    /// The server cannot be reached: what is shown may be old.
    lost: RwSignal<bool>,
}

impl LiveBalance {
    pub(crate) fn new() -> Self {
        Self {
            balance: RwSignal::new(None),
            news: RwSignal::new(None),
            changes: RwSignal::new(None),
            lost: RwSignal::new(false),
        }
    }

    /// The credits; those that the page was rendered with until there are newer ones.
    pub(super) fn credits(self, rendered: Option<Balance>) -> Option<Credits> {
        self.balance.get().or(rendered).map(|balance| balance.credits)
    }

    /// The credits that came a moment ago.
    pub(super) fn news(self) -> Option<Credits> {
        self.news.get()
    }

    /// Whether what is shown may be old.
    pub(super) fn is_lost(self) -> bool {
        self.lost.get()
    }

    pub(super) fn set_lost(self, lost: bool) {
        if self.lost.get_untracked() != lost {
            self.lost.set(lost);
        }
    }

    pub(super) fn set_changes(self, changes: i64) {
        if self.changes.get_untracked() != Some(changes) {
            self.changes.set(Some(changes));
        }
    }

    /// Takes a balance, unless it is older than the one that is known: answers and events overtake one another.
    pub(super) fn set_balance(self, balance: Balance) {
        let before = self.balance.get_untracked();
        if before.is_some_and(|before| balance.seq < before.seq || balance == before) {
            return;
        }
        self.balance.set(Some(balance));
        if before.is_some_and(|before| before.credits != balance.credits) {
            self.mark(balance.credits);
        }
    }

    fn mark(self, credits: Credits) {
        self.news.set(Some(credits));
        let unmark = move || {
            self.news.try_update(|news| {
                // A later change keeps its own time.
                if *news == Some(credits) {
                    *news = None;
                }
            });
        };
        set_timeout(unmark, MARKED);
    }

    /// Calls `refresh` whenever the purchases change; `rendered` is how often they had when the page was rendered.
    pub(super) fn on_changes(self, rendered: i64, refresh: impl Fn() + 'static) {
        Effect::new(move |known: Option<i64>| {
            let known = known.unwrap_or(rendered);
            let now = self.changes.get().unwrap_or(known);
            if now != known {
                refresh();
            }
            now
        });
    }
}
