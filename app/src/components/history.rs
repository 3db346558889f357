//! The purchase history.

use billing::{ids::PurchaseId, purchase::Status};
use leptos::prelude::*;

use super::{ErrorView, StatusBadge};
use crate::{
    api::{self, HistoryView, PageContext, PurchaseView},
    context::texts,
    format,
    islands::fresh::KeepFresh,
    routes,
};

/// The visitor's purchases, newest first, a page at a time: `/?older=<purchase id>` goes on.
#[component]
pub(crate) fn History() -> impl IntoView {
    let t = texts();
    let changes = expect_context::<PageContext>().changes;
    let older_than = routes::query("older").and_then(|id| id.parse::<PurchaseId>().ok());
    view! {
        <section class="section" id="history" aria-labelledby="history-title">
            <h2 class="title" id="history-title">
                {t.history_title}
            </h2>
            {Suspend::new(async move {
                match api::purchase_history(older_than).await {
                    Ok(page) => view! { <Page page=page newest=older_than.is_none() /> }.into_any(),
                    Err(error) => view! { <ErrorView error=error /> }.into_any(),
                }
            })}
        </section>
        <KeepFresh region="history" changes=changes asks=false />
    }
}

#[component]
fn Page(page: HistoryView, newest: bool) -> impl IntoView {
    let t = texts();
    if page.items.is_empty() && newest {
        return view! { <p class="empty">{t.history_empty}</p> }.into_any();
    }
    let rows: Vec<_> = page.items.into_iter().map(|purchase| view! { <Row purchase=purchase /> }).collect();
    let older = page.next.map(|id| {
        view! { <a class="btn btn-secondary" id="history-older" rel="next" href=routes::history(&id.to_string())>{t.history_older}</a> }
    });
    let newer = (!newest).then(|| {
        view! { <a class="btn btn-secondary" id="history-newest" href=format!("{}#history", routes::SHOP)>{t.history_newest}</a> }
    });
    view! {
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
    }
    .into_any()
}

#[component]
fn Row(purchase: PurchaseView) -> impl IntoView {
    let t = texts();
    let id = purchase.id.to_string();
    let (href, link) = match (purchase.status, &purchase.session_id) {
        (Status::Pending, Some(session_id)) if purchase.processing => (routes::success(session_id), t.history_check),
        (Status::Pending, _) => (routes::cancel(&id), t.history_continue),
        (Status::Paid | Status::Refunded, _) => (routes::receipt(&id), t.receipt),
        (Status::Failed, _) => (routes::receipt(&id), t.details),
    };
    let label = format!("{link}: {}, {}", purchase.name, format::date(purchase.ordered_at, t.locale));
    view! {
        <li class="history-row">
            <div class="history-what">
                <span class="font-medium">{purchase.name.clone()}</span>
                <span class="fine">{format::date_time(purchase.ordered_at, t.locale)}</span>
            </div>
            <span class="history-credits fine">{format::credits(purchase.credits, t.locale)}</span>
            <span class="history-amount">{format::money(purchase.price, t.locale)}</span>
            <span class="history-status">
                <StatusBadge purchase=purchase.clone() />
            </span>
            <a class="link history-link" id=format!("purchase-{id}") href=href aria-label=label>
                {link}
            </a>
        </li>
    }
}
