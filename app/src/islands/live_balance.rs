//! The customer's live balance, shared by the islands of a page.

use std::time::Duration;

use billing::{ledger::Balance, money::Credits};
use leptos::prelude::*;

/// How long a change stays highlighted.
const MARKED: Duration = Duration::from_millis(1_600);

/// The latest known balance and number of changes to the purchases. Empty on the server.
#[derive(Clone, Copy)]
pub(crate) struct LiveBalance {
    balance: RwSignal<Option<Balance>>,
    /// The latest change, while it is highlighted.
    news: RwSignal<Option<Credits>>,
    /// The number of changes to the customer's purchases.
    changes: RwSignal<Option<i64>>,
    /// Whether the server cannot be reached, so that the balance may be outdated.
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

    /// The latest credits, or those that the page was rendered with.
    pub(super) fn credits(self, rendered: Option<Balance>) -> Option<Credits> {
        self.balance.get().or(rendered).map(|balance| balance.credits)
    }

    /// The latest change, while it is highlighted.
    pub(super) fn news(self) -> Option<Credits> {
        self.news.get()
    }

    /// Whether the balance may be outdated.
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

    /// Sets the balance, unless it is older than the known one: answers and events can arrive out of order.
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
                // A later change is highlighted for its own time.
                if *news == Some(credits) {
                    *news = None;
                }
            });
        };
        set_timeout(unmark, MARKED);
    }

    /// Calls `refresh` whenever the purchases change; `rendered` is the number of changes when the page was rendered.
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
