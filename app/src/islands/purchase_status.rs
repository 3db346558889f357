//! The status of a purchase, on the success page and the cancel page.

use std::time::Duration;

use billing::{ids::PurchaseId, purchase::Status};
use leptos::{ev, prelude::*};

use super::{balance::BalanceText, data::IslandData, latest::Latest, live_balance::LiveBalance};
use crate::{
    api,
    components::{Notice, Outcome, PurchaseOutcome, Tone},
    error::ShopError,
    locales::island_texts,
    routes,
    views::PurchaseStatusView,
    wording::error_text,
};

/// The pause between queries.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// Whether the status is final.
fn is_settled(status: Option<&PurchaseStatusView>) -> bool {
    status.is_some_and(|status| status.purchase.status != Status::Pending)
}

#[derive(Clone, Copy)]
struct State {
    /// The checkout session, on the success page.
    session_id: StoredValue<Option<String>>,
    /// `None` while the status is unknown.
    status: RwSignal<Option<PurchaseStatusView>>,
    /// Why the purchase could not be discarded.
    refused: RwSignal<Option<ShopError>>,
    discarding: RwSignal<bool>,
    live: LiveBalance,
    latest: Latest,
}

impl State {
    /// Queries the status; on the success page, repeats this until the status is final.
    fn ask(self) {
        if let Some(session_id) = self.session_id.get_value() {
            self.latest.send(api::confirm_checkout(session_id), move |answer| {
                let gone = matches!(answer, Err(ShopError::NotSignedIn | ShopError::NotFound));
                self.show(answer);
                if !gone {
                    self.ask_later();
                }
            });
        } else if let Some(purchase_id) = self.purchase_id() {
            self.latest.send(api::purchase_status(purchase_id), move |answer| self.show(answer));
        }
    }

    fn purchase_id(self) -> Option<PurchaseId> {
        self.status.with_untracked(|status| status.as_ref().map(|status| status.purchase.id))
    }

    fn is_settled(self) -> bool {
        self.status.with_untracked(|status| is_settled(status.as_ref()))
    }

    fn ask_later(self) {
        if self.is_settled() {
            return;
        }
        let number = self.latest.cancel();
        let ask = move || {
            if self.latest.is(number) {
                self.ask();
            }
        };
        set_timeout(ask, ASK_AGAIN);
    }

    /// Shows an answer. An error leaves the known status.
    fn show(self, answer: Result<PurchaseStatusView, ShopError>) {
        let Ok(status) = answer else { return };
        self.live.set_funds(status.funds);
        let status = Some(status);
        if self.status.with_untracked(|shown| *shown != status) {
            let had_focus = main_has_focus();
            self.status.set(status);
            if had_focus {
                set_timeout(keep_focus_in_main, Duration::ZERO);
            }
        }
    }

    fn discard(self) {
        let Some(purchase_id) = self.purchase_id().filter(|_| !self.discarding.get_untracked()) else { return };
        self.discarding.set(true);
        self.refused.set(None);
        self.latest.send(api::discard_purchase(purchase_id), move |answer| {
            self.discarding.set(false);
            self.refused.set(answer.as_ref().err().copied());
            if answer.is_err() {
                // The shown status may be outdated.
                self.ask();
            }
            self.show(answer);
        });
    }
}

/// The status of a purchase. Follows the purchases, and discards an open one without loading a page.
#[island]
pub(crate) fn PurchaseStatus(
    /// The checkout session, on the success page.
    session_id: Option<String>,
    /// `None` while the provider does not answer.
    status: IslandData<Option<PurchaseStatusView>>,
    /// Why the purchase could not be discarded, if the form was sent before.
    refused: Option<ShopError>,
    /// The number of changes to the purchases when the page was rendered.
    changes: i64,
) -> impl IntoView {
    let t = island_texts();
    let live = expect_context::<LiveBalance>();
    let asks = session_id.is_some();
    let state = State {
        session_id: StoredValue::new(session_id),
        status: RwSignal::new(status.0),
        refused: RwSignal::new(refused),
        discarding: RwSignal::new(false),
        live,
        latest: Latest::new(),
    };
    let ask = move || {
        if !state.is_settled() && !state.discarding.get_untracked() {
            state.ask();
        }
    };
    live.on_changes(changes, Box::new(ask));
    Effect::new(move |_| {
        if asks {
            state.ask_later();
        }
        let shown_again = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                state.discarding.set(false);
                state.ask();
            }
        });
        on_cleanup(move || shown_again.remove());
    });
    let refusal = move || {
        let refused = state.refused.get()?;
        Some(view! { <Notice tone=Tone::Bad>{error_text(refused, t)}</Notice> })
    };
    view! {
        <div class="flex flex-col gap-6" aria-live="polite">
            {refusal}
            {move || outcome(state, state.status.get())}
        </div>
    }
}

fn outcome(state: State, status: Option<PurchaseStatusView>) -> impl IntoView {
    let t = island_texts();
    let funds = status.as_ref().map(|status| status.funds);
    let outcome = match (state.session_id.get_value(), status) {
        (None, Some(status)) => Outcome::of_cancel(status, t),
        (session_id, status) => {
            let here = routes::success(&session_id.unwrap_or_default());
            Outcome::of_success(status.as_ref().map(|status| &status.purchase), here, t)
        }
    };
    let balance = view! { <BalanceText funds=funds large=false /> };
    let discard = view! { <DiscardForm state=state /> };
    view! { <PurchaseOutcome outcome=outcome balance=balance discard=discard /> }
}

#[component]
fn DiscardForm(state: State) -> impl IntoView {
    let t = island_texts();
    let purchase_id = state.purchase_id().map(|id| id.to_string());
    let discard = move |event: ev::SubmitEvent| {
        event.prevent_default();
        state.discard();
    };
    view! {
        <form method="post" action=routes::DISCARD on:submit=discard>
            <input type="hidden" name="purchase_id" value=purchase_id />
            <button class="btn btn-secondary" disabled=move || state.discarding.get()>
                {move || if state.discarding.get() { t.discarding } else { t.discard }}
            </button>
        </form>
    }
}

fn main_has_focus() -> bool {
    let main = document().get_element_by_id("main");
    main.is_some_and(|main| main.contains(document().active_element().as_deref()))
}

/// Keeps the focus in the content, if the focused element was removed.
fn keep_focus_in_main() {
    if !main_has_focus() {
        super::focus("main");
    }
}
