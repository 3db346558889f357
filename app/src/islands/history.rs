//! The purchase history, which follows the purchases.

use billing::{ids::PurchaseId, purchase::Status};
use leptos::prelude::*;

use super::{latest::Latest, live_balance::LiveBalance};
use crate::{
    api,
    components::{ErrorView, StatusBadge},
    error::ShopError,
    format,
    locales::island_texts,
    routes,
    views::{HistoryView, PurchaseView},
};

/// A row's purchase: it changes, while the row and the focus in it stay.
type RowSignal = RwSignal<PurchaseView>;

#[derive(Clone, Copy)]
struct HistoryState {
    rows: RwSignal<Vec<(PurchaseId, RowSignal)>>,
    next: RwSignal<Option<PurchaseId>>,
    error: RwSignal<Option<ShopError>>,
}

impl HistoryState {
    fn new(page: Result<HistoryView, ShopError>) -> Self {
        let (page, error) = match page {
            Ok(page) => (page, None),
            Err(error) => (HistoryView { items: Vec::new(), next: None }, Some(error)),
        };
        let state = Self { rows: RwSignal::new(Vec::new()), next: RwSignal::new(None), error: RwSignal::new(error) };
        state.set(page);
        state
    }

    fn set(self, page: HistoryView) {
        let rows = self.rows.get_untracked();
        let row = |purchase: PurchaseView| {
            let id = purchase.id;
            let Some((_, row)) = rows.iter().find(|(known, _)| *known == id) else { return (id, RwSignal::new(purchase)) };
            if row.with_untracked(|known| *known != purchase) {
                row.set(purchase);
            }
            (id, *row)
        };
        self.rows.set(page.items.into_iter().map(row).collect());
        self.next.set(page.next);
    }
}

/// The customer's purchases, newest first, a page at a time: `/?older=<purchase id>` goes on.
#[island]
pub(crate) fn History(
    page: Result<HistoryView, ShopError>,
    /// The purchase that the page goes on after.
    older_than: Option<PurchaseId>,
    /// How often the purchases had changed when the page was rendered.
    changes: i64,
) -> impl IntoView {
    let t = island_texts();
    let state = HistoryState::new(page);
    let latest = Latest::new();
    // The signals of new rows live as long as the island does.
    let owner = Owner::current();
    expect_context::<LiveBalance>().on_changes(changes, move || {
        let owner = owner.clone();
        latest.send(api::purchase_history(older_than), move |answer| {
            // Of an error, the page says nothing: what it shows was right a moment ago.
            let Ok(page) = answer else { return };
            state.error.set(None);
            match owner {
                Some(owner) => owner.with(|| state.set(page)),
                None => state.set(page),
            }
        });
    });
    let empty = Memo::new(move |_| state.rows.with(Vec::is_empty) && older_than.is_none());
    let content = move || match (state.error.get(), empty.get()) {
        (Some(error), _) => view! { <ErrorView error=error here=here(older_than) /> }.into_any(),
        (None, true) => view! { <p class="empty">{t.history_empty}</p> }.into_any(),
        (None, false) => view! { <List state=state newest=older_than.is_none() /> }.into_any(),
    };
    view! {
        <section class="section" id="history" aria-labelledby="history-title">
            <h2 class="title" id="history-title">
                {t.history_title}
            </h2>
            {content}
        </section>
    }
}

fn here(older_than: Option<PurchaseId>) -> String {
    older_than.map_or_else(|| routes::SHOP.to_owned(), |id| routes::history(&id.to_string()))
}

#[component]
fn List(state: HistoryState, newest: bool) -> impl IntoView {
    let t = island_texts();
    let older = move || {
        state.next.get().map(|id| {
            view! {
                <a class="btn btn-secondary" rel="next" href=routes::history(&id.to_string())>
                    {t.history_older}
                </a>
            }
        })
    };
    let newer = (!newest).then(|| {
        view! {
            <a class="btn btn-secondary" href=format!("{}#history", routes::SHOP)>
                {t.history_newest}
            </a>
        }
    });
    view! {
        <ol class="card history">
            <For each=move || state.rows.get() key=|(id, _)| *id let:((_, purchase))>
                <Row purchase=purchase />
            </For>
        </ol>
        <nav class="flex flex-wrap gap-3" aria-label=t.history_title>
            {newer}
            {older}
        </nav>
        <p>
            <a class="link" href=routes::HISTORY_CSV download="">
                {t.history_csv}
            </a>
        </p>
    }
    .into_any()
}

#[component]
fn Row(purchase: RowSignal) -> impl IntoView {
    view! { <li class="history-row">{move || row(purchase.get())}</li> }
}

/// What is in a row. It is changed in place, element by element.
fn row(purchase: PurchaseView) -> impl IntoView {
    let t = island_texts();
    let id = purchase.id.to_string();
    let (href, link) = match (purchase.status, &purchase.session_id) {
        (Status::Pending, Some(session_id)) if purchase.processing => (routes::success(session_id), t.history_check),
        (Status::Pending, _) => (routes::cancel(&id), t.history_continue),
        (Status::Paid | Status::Refunded, _) => (routes::receipt(&id), t.receipt),
        (Status::Failed, _) => (routes::receipt(&id), t.details),
    };
    let label = format!("{link}: {}, {}", purchase.name, format::date(purchase.ordered_at, t.locale));
    let credits = crate::wording::credits_beside_name(&purchase, t);
    view! {
        <div class="history-what">
            <span class="font-medium">{purchase.name.clone()}</span>
            <span class="fine">{format::date_time(purchase.ordered_at, t.locale)}</span>
        </div>
        <span class="history-credits fine">{credits}</span>
        <span class="history-amount">{format::money(purchase.price, t.locale)}</span>
        <span class="history-status">
            <StatusBadge purchase=purchase />
        </span>
        <a class="link history-link" href=href aria-label=label>
            {link}
        </a>
    }
}
