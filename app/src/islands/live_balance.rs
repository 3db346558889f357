//! The customer's live balance, shared by the islands of a page.

use std::time::Duration;

use billing::{money::Credits, wallet::Funds};
use leptos::prelude::*;

/// How long a change stays highlighted.
const MARKED: Duration = Duration::from_millis(1_600);

/// The latest known balance and number of changes to the purchases. Empty on the server.
#[derive(Clone, Copy)]
pub(crate) struct LiveBalance {
    funds: RwSignal<Option<Funds>>,
    /// The available credits after the latest change, while it is highlighted.
    news: RwSignal<Option<Credits>>,
    /// The number of changes to the customer's purchases and holds.
    changes: RwSignal<Option<i64>>,
    /// Whether the server cannot be reached, so that the balance may be outdated.
    lost: RwSignal<bool>,
}

impl LiveBalance {
    pub(crate) fn new() -> Self {
        Self {
            funds: RwSignal::new(None),
            news: RwSignal::new(None),
            changes: RwSignal::new(None),
            lost: RwSignal::new(false),
        }
    }

    /// The latest credits, or those that the page was rendered with.
    pub(super) fn funds(self, rendered: Option<Funds>) -> Option<Funds> {
        self.funds.get().or(rendered)
    }

    /// The available credits after the latest change, while it is highlighted.
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

    /// Sets the credits, unless they are older than the known ones: answers and events can arrive out of order.
    pub(super) fn set_funds(self, funds: Funds) {
        let before = self.funds.get_untracked();
        if before.is_some_and(|before| funds.seq < before.seq || funds == before) {
            return;
        }
        self.funds.set(Some(funds));
        if before.is_some_and(|before| before.available() != funds.available()) {
            self.mark(funds.available());
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

    /// Calls `refresh` whenever purchases or holds change; `rendered` is the number of changes when the page was
    /// rendered. Boxed, so that the browser loads one effect for all callers.
    pub(super) fn on_changes(self, rendered: i64, refresh: Box<dyn Fn()>) {
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
