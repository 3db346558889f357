//! The purchase history, which follows the purchases.

use std::time::Duration;

use billing::{ids::PurchaseId, purchase::Status};
use leptos::{either::Either, prelude::*, task::spawn_local};

use super::{data::IslandData, keep_focus, live_balance::LiveBalance};
use crate::{
    api,
    components::StatusBadge,
    format,
    locales::{IslandTexts, island_texts},
    routes,
    views::{HistoryView, PurchaseView},
    wording::credits_beside_name,
};

/// The time to collect changes before a request. An order makes two of them, a moment apart.
const COLLECTED_FOR: Duration = Duration::from_millis(150);

/// The customer's purchases, newest first, in pages: `/?older=<purchase id>` is the next page.
#[island]
pub(crate) fn History(
    page: IslandData<HistoryView>,
    /// The purchase after which the page starts.
    older_than: Option<PurchaseId>,
    /// The number of changes to the purchases when the page was rendered.
    changes: i64,
) -> impl IntoView {
    let t = island_texts();
    let page = RwSignal::new(page.0);
    // The number of changes that are not shown yet.
    let unseen = StoredValue::new(0);
    expect_context::<LiveBalance>().on_changes(
        changes,
        Box::new(move || {
            unseen.update_value(|unseen| *unseen += 1);
            if unseen.get_value() == 1 {
                let ask = move || spawn_local(refresh(page, older_than, unseen));
                set_timeout(ask, COLLECTED_FOR);
            }
        }),
    );
    view! {
        <section class="section" id="history" aria-labelledby="history-title">
            <h2 class="title" id="history-title">
                {t.history_title}
            </h2>
            {move || purchases(page.get(), older_than.is_none(), t)}
        </section>
    }
}

/// Requests the page, and again if something changed meanwhile. Only one request is in flight.
async fn refresh(page: RwSignal<HistoryView>, older_than: Option<PurchaseId>, unseen: StoredValue<u32>) {
    while let Some(sent @ 1..) = unseen.try_get_value() {
        // Errors are not shown, because the page was right a moment ago.
        if let Ok(news) = api::purchase_history(older_than).await {
            keep_focus(|| page.set(news));
        }
        unseen.try_update_value(|unseen| *unseen -= sent);
    }
}

fn purchases(page: HistoryView, newest: bool, t: &'static IslandTexts) -> impl IntoView {
    if page.items.is_empty() && newest {
        return Either::Left(view! { <p class="empty">{t.history_empty}</p> });
    }
    let rows: Vec<_> = page.items.into_iter().map(|purchase| row(purchase, t)).collect();
    let link = |id: &'static str, href: String, text: &'static str| {
        view! {
            <a class="btn btn-secondary" id=id href=href>
                {text}
            </a>
        }
    };
    let newer = (!newest).then(|| link("history-newest", format!("{}#history", routes::SHOP), t.history_newest));
    let older = page.next.map(|id| link("history-older", routes::history(&id.to_string()), t.history_older));
    Either::Right(view! {
        <ol class="card history">{rows}</ol>
        <nav class="flex flex-wrap gap-3" aria-label=t.history_title>
            {newer}
            {older}
        </nav>
        <p>
            <a class="link" id="history-csv" href=routes::HISTORY_CSV download="">
                {t.history_csv}
            </a>
        </p>
    })
}

fn row(purchase: PurchaseView, t: &'static IslandTexts) -> impl IntoView {
    let id = purchase.id.to_string();
    let (href, link) = match (purchase.status, &purchase.session_id) {
        (Status::Pending, Some(session_id)) if purchase.processing => (routes::success(session_id), t.history_check),
        (Status::Pending, _) => (routes::cancel(&id), t.history_continue),
        (Status::Paid | Status::Refunded, _) => (routes::receipt(&id), t.receipt),
        (Status::Failed, _) => (routes::receipt(&id), t.details),
    };
    let label = format!("{link}: {}, {}", purchase.name, format::date(purchase.ordered_at, t.locale));
    let credits = credits_beside_name(&purchase, t);
    view! {
        <li class="history-row">
            <div class="history-what">
                <span class="font-medium">{purchase.name.clone()}</span>
                <span class="fine">{format::date_time(purchase.ordered_at, t.locale)}</span>
            </div>
            <span class="history-credits fine">{credits}</span>
            <span class="history-amount">{format::money(purchase.price, t.locale)}</span>
            <span class="history-status">
                <StatusBadge purchase=purchase />
            </span>
            <a class="link history-link" id=format!("purchase-{id}") href=href aria-label=label>
                {link}
            </a>
        </li>
    }
}
