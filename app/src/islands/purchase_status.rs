//! How a purchase stands, on the pages that a payment page leads back to.

use std::time::Duration;

use billing::{ids::PurchaseId, purchase::Status};
use leptos::{ev, prelude::*};
use serde::{Deserialize, Serialize};

use super::{balance::BalanceText, latest::Latest, live_balance::LiveBalance};
use crate::{
    api,
    components::{CancelOutcome, ErrorView, Notice, SuccessOutcome, Tone},
    error::ShopError,
    locales::island_texts,
    routes,
    views::PurchaseStatusView,
    wording::error_text,
};

/// How long to wait before asking again.
const ASK_AGAIN: Duration = Duration::from_secs(3);

/// Which page the buyer has come back to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ReturnPage {
    Success { session_id: String },
    Cancel { purchase_id: PurchaseId },
}

impl ReturnPage {
    fn address(&self) -> String {
        match self {
            Self::Success { session_id } => routes::success(session_id),
            Self::Cancel { purchase_id } => routes::cancel(&purchase_id.to_string()),
        }
    }

    async fn ask(self) -> Result<PurchaseStatusView, ShopError> {
        match self {
            Self::Success { session_id } => api::confirm_checkout(session_id).await,
            Self::Cancel { purchase_id } => api::purchase_status(purchase_id).await,
        }
    }
}

type Answer = Result<PurchaseStatusView, ShopError>;

/// Whether asking again can show something else.
fn is_settled(status: &Answer) -> bool {
    match status {
        Ok(status) => status.purchase.status != Status::Pending,
        Err(error) => !matches!(
            error,
            ShopError::PaymentUnknown
                | ShopError::ProviderUnavailable
                | ShopError::Unavailable
                | ShopError::Unreachable
        ),
    }
}

#[derive(Clone, Copy)]
struct State {
    page: StoredValue<ReturnPage>,
    status: RwSignal<Answer>,
    /// Why the purchase could not be dropped.
    refused: RwSignal<Option<ShopError>>,
    discarding: RwSignal<bool>,
    live: LiveBalance,
    latest: Latest,
}

impl State {
    /// Asks how the purchase stands; on the success page again and again until that is settled.
    fn ask(self) {
        let page = self.page.get_value();
        let asks_again = matches!(page, ReturnPage::Success { .. });
        self.latest.send(page.ask(), move |answer| {
            self.show(answer);
            if asks_again {
                self.ask_later();
            }
        });
    }

    fn ask_later(self) {
        if !self.status.with_untracked(is_settled) {
            let number = self.latest.cancel();
            set_timeout(
                move || {
                    if self.latest.is(number) {
                        self.ask();
                    }
                },
                ASK_AGAIN,
            );
        }
    }

    /// Shows an answer; one that tells nothing leaves what was known.
    fn show(self, answer: Answer) {
        if let Ok(status) = &answer {
            self.live.set_balance(status.balance);
        } else if !is_settled(&answer) && self.status.with_untracked(Result::is_ok) {
            return;
        }
        if self.status.with_untracked(|shown| *shown != answer) {
            let had_focus = main_has_focus();
            self.status.set(answer);
            if had_focus {
                set_timeout(keep_focus_in_main, Duration::ZERO);
            }
        }
    }

    fn discard(self, purchase_id: PurchaseId) {
        if self.discarding.get_untracked() {
            return;
        }
        self.discarding.set(true);
        self.refused.set(None);
        self.latest.send(api::discard_purchase(purchase_id), move |answer| {
            self.discarding.set(false);
            match answer {
                Ok(_) => self.show(answer),
                Err(error) => self.refused.set(Some(error)),
            }
        });
    }
}

/// How a purchase stands. Follows the purchases, and drops an open one without loading a page.
#[island]
pub(crate) fn PurchaseStatus(
    page: ReturnPage,
    status: Result<PurchaseStatusView, ShopError>,
    /// Why the purchase could not be dropped, when its form was sent before.
    refused: Option<ShopError>,
    /// How often the purchases had changed when the page was rendered.
    changes: i64,
) -> impl IntoView {
    let t = island_texts();
    let live = expect_context::<LiveBalance>();
    let asks = matches!(page, ReturnPage::Success { .. });
    let state = State {
        page: StoredValue::new(page),
        status: RwSignal::new(status),
        refused: RwSignal::new(refused),
        discarding: RwSignal::new(false),
        live,
        latest: Latest::new(),
    };
    live.on_changes(changes, move || {
        if !state.status.with_untracked(is_settled) && !state.discarding.get_untracked() {
            state.ask();
        }
    });
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
        <div class="contents" aria-live="polite">
            {refusal}
            {move || outcome(state, state.status.get())}
        </div>
    }
}

fn outcome(state: State, status: Answer) -> AnyView {
    let page = state.page.get_value();
    let here = page.address();
    match (page, status) {
        (ReturnPage::Success { .. }, Ok(status)) => {
            let balance = Some(status.balance);
            view! {
                <SuccessOutcome purchase=Some(status.purchase) here=here>
                    <BalanceText balance=balance large=false />
                </SuccessOutcome>
            }
            .into_any()
        }
        (ReturnPage::Success { .. }, Err(ShopError::PaymentUnknown | ShopError::ProviderUnavailable)) => {
            view! { <SuccessOutcome purchase=None here=here>{()}</SuccessOutcome> }.into_any()
        }
        (ReturnPage::Cancel { purchase_id }, Ok(status)) => view! {
            <CancelOutcome status=status>
                <DiscardForm state=state purchase_id=purchase_id />
            </CancelOutcome>
        }
        .into_any(),
        (_, Err(error)) => view! { <ErrorView error=error here=here /> }.into_any(),
    }
}

#[component]
fn DiscardForm(state: State, purchase_id: PurchaseId) -> impl IntoView {
    let t = island_texts();
    let discard = move |event: ev::SubmitEvent| {
        event.prevent_default();
        state.discard(purchase_id);
    };
    view! {
        <form method="post" action=routes::DISCARD on:submit=discard>
            <input type="hidden" name="purchase_id" value=purchase_id.to_string() />
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

/// What had the focus may have gone.
fn keep_focus_in_main() {
    if !main_has_focus() {
        super::focus("main");
    }
}
