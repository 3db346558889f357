//! The ledger, which follows the purchases.

use leptos::prelude::*;

use super::{latest::Latest, live_balance::LiveBalance};
use crate::{
    api,
    components::{BalanceChart, ErrorView, LedgerRow},
    error::ShopError,
    locales::island_texts,
    routes,
    views::LedgerView,
};

/// Chart and entries, a page at a time: `/account?before=<entry>` goes on.
#[island]
pub(crate) fn Ledger(
    page: Result<LedgerView, ShopError>,
    /// The entry that the page goes on before.
    before: Option<i64>,
    /// How often the purchases had changed when the page was rendered.
    changes: i64,
) -> impl IntoView {
    let t = island_texts();
    let newest = before.is_none();
    let page = RwSignal::new(page);
    let latest = Latest::new();
    expect_context::<LiveBalance>().on_changes(changes, move || {
        latest.send(api::ledger(before), move |answer| {
            // Of an error, the page says nothing: what it shows was right a moment ago.
            if answer.is_ok() {
                page.set(answer);
            }
        });
    });
    let here = before.map_or_else(|| routes::ACCOUNT.to_owned(), routes::account_before);
    let error = move || page.with(|page| page.as_ref().err().copied());
    let empty = Memo::new(move |_| newest && page.with(|page| page.as_ref().is_ok_and(|page| page.entries.is_empty())));
    move || match (error(), empty.get()) {
        (Some(error), _) => view! { <ErrorView error=error here=here.clone() /> }.into_any(),
        (None, true) => view! {
            <div class="empty stack items-center">
                <p>{t.ledger_empty}</p>
                <a class="btn btn-primary" href=routes::SHOP>
                    {t.shop_title}
                </a>
            </div>
        }
        .into_any(),
        (None, false) => {
            let shown = Signal::derive(move || page.get().ok());
            view! { <Entries page=shown newest=newest /> }.into_any()
        }
    }
}

#[component]
fn Entries(page: Signal<Option<LedgerView>>, newest: bool) -> impl IntoView {
    let t = island_texts();
    let chart = move || {
        page.get().map(|page| {
            let until = newest.then_some(page.as_of);
            view! { <BalanceChart entries=page.entries until=until /> }
        })
    };
    let entries = move || page.get().map(|page| page.entries).unwrap_or_default();
    let link = |href: String, text: &'static str| view! { <a class="btn btn-secondary" href=href>{text}</a> };
    let more = move || {
        let older = page.get()?.next.map(|seq| link(routes::account_before(seq), t.ledger_older));
        let newer = (!newest).then(|| link(routes::ACCOUNT.to_owned(), t.ledger_newest));
        (older.is_some() || newer.is_some()).then(|| {
            view! {
                <nav class="flex flex-wrap gap-3" aria-label=t.entries>
                    {newer}
                    {older}
                </nav>
            }
        })
    };
    view! {
        <section class="card stack" aria-labelledby="ledger-title">
            <h2 class="title" id="ledger-title">
                {t.entries}
            </h2>
            {chart}
            <table class="entries">
                <caption class="sr-only">{t.chart_title}</caption>
                <thead>
                    <tr>
                        <th scope="col">{t.entry_kind}</th>
                        <th class="numeric" scope="col">
                            {t.credits}
                        </th>
                        <th class="numeric" scope="col">
                            {t.balance}
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <For each=entries key=|entry| entry.seq let:entry>
                        <LedgerRow entry=entry />
                    </For>
                </tbody>
            </table>
            {more}
        </section>
    }
    .into_any()
}
