//! `/account`: the balance over time, and the ledger's entries.

use leptos::prelude::*;
use leptos_meta::Title;

use super::page_error::PageError;
use crate::{
    address,
    api::{self, LedgerView, PageContext},
    components::{BalanceChart, LedgerRow, PageBalanceCard},
    islands::ReloadOnChange,
    locales::texts,
    routes,
};

/// Balance, chart, and the ledger in pages: `/account?before=<entry>` is the next page.
#[component]
pub(crate) fn LedgerPage() -> impl IntoView {
    let t = texts();
    let PageContext { email, changes, .. } = expect_context();
    let before = address::query("before").and_then(|seq| seq.parse::<i64>().ok());
    view! {
        <Title text=t.account_title />
        <div class="narrow">
            <header>
                <h1 class="title-large">{t.account_title}</h1>
                <p class="fine break-words">{email}</p>
            </header>
            <PageBalanceCard />
            {Suspend::new(async move {
                match api::ledger(before).await {
                    Ok(page) => view! { <Ledger page=page newest=before.is_none() /> }.into_any(),
                    Err(error) => view! { <PageError error=error /> }.into_any(),
                }
            })}
            <ReloadOnChange changes=changes />
        </div>
    }
}

#[component]
fn Ledger(page: LedgerView, newest: bool) -> impl IntoView {
    let t = texts();
    if page.entries.is_empty() && newest {
        return view! {
            <div class="empty stack items-center">
                <p>{t.ledger_empty}</p>
                <a class="btn btn-primary" href=routes::SHOP>
                    {t.shop_title}
                </a>
            </div>
        }
        .into_any();
    }
    let rows: Vec<_> = page.entries.iter().cloned().map(|entry| view! { <LedgerRow entry=entry /> }).collect();
    let link = |id: &'static str, href: String, text: &'static str| {
        view! {
            <a class="btn btn-secondary" id=id href=href>
                {text}
            </a>
        }
    };
    let older = page.next.map(|seq| link("ledger-older", routes::account_before(seq), t.ledger_older));
    let newer = (!newest).then(|| link("ledger-newest", routes::ACCOUNT.to_owned(), t.ledger_newest));
    let more = (older.is_some() || newer.is_some()).then(|| {
        view! {
            <nav class="flex flex-wrap gap-3" aria-label=t.entries>
                {newer}
                {older}
            </nav>
        }
    });
    view! {
        <section class="card stack" aria-labelledby="ledger-title">
            <h2 class="title" id="ledger-title">
                {t.entries}
            </h2>
            <BalanceChart entries=page.entries until=newest.then_some(page.as_of) />
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
                <tbody>{rows}</tbody>
            </table>
            {more}
        </section>
    }
    .into_any()
}
