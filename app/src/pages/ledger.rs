//! `/account`: credits available and held, the balance over time, and the ledger's entries.

use billing::ledger::EntryKind;
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;

use super::page_error::PageError;
use crate::{
    address,
    api::{self, LedgerView, PageContext},
    components::{BalanceChart, Fact, Facts, Holds, LedgerRow, PageBalanceCard, PageFunds},
    format,
    islands::ReloadOnChange,
    locales::texts,
    routes,
    wording::{ENTRY_KINDS, entry_text},
};

/// The entries that the page shows.
#[derive(Clone, Copy)]
struct Selection {
    /// Those before this one.
    before: Option<i64>,
    /// Those of this kind.
    kind: Option<EntryKind>,
}

/// Credits, chart, and the ledger in pages: `/account?before=<entry>` is the next page, `/account?kind=SPEND` filters.
#[component]
pub(crate) fn LedgerPage() -> impl IntoView {
    let t = texts();
    let PageContext { email, changes, funds, .. } = expect_context();
    let before = address::query("before").and_then(|seq| seq.parse::<i64>().ok());
    let kind = address::query("kind").and_then(|kind| kind.parse::<EntryKind>().ok());
    let shown = Selection { before, kind };
    view! {
        <Title text=t.account_title />
        <div class="narrow">
            <header>
                <h1 class="title-large">{t.account_title}</h1>
                <p class="fine break-words">{email}</p>
            </header>
            <PageBalanceCard />
            <Credits />
            {Suspend::new(async move {
                match api::active_holds().await {
                    Ok(holds) => Either::Left(view! { <Holds holds=holds /> }),
                    Err(error) => Either::Right(view! { <PageError error=error /> }),
                }
            })}
            {Suspend::new(async move {
                match api::ledger(before, kind).await {
                    Ok(page) => Either::Left(view! { <Ledger page=page shown=shown /> }),
                    Err(error) => Either::Right(view! { <PageError error=error /> }),
                }
            })}
            <ReloadOnChange funds=funds changes=changes />
        </div>
    }
}

/// What the credits come to: balance, less what is held, is what is available.
#[component]
fn Credits() -> impl IntoView {
    let PageFunds(funds) = expect_context();
    Suspend::new(async move {
        let t = texts();
        let funds = funds.await?;
        let words = |credits| format::credits(credits, t.locale);
        Some(view! {
            <section class="card" aria-label=t.credits>
                <Facts>
                    <Fact name=t.balance>{words(funds.balance)}</Fact>
                    <Fact name=t.held>{words(funds.held)}</Fact>
                    <Fact name=t.available total=true>
                        {words(funds.available())}
                    </Fact>
                </Facts>
            </section>
        })
    })
}

#[component]
fn Ledger(page: LedgerView, shown: Selection) -> impl IntoView {
    let t = texts();
    let newest = shown.before.is_none();
    if page.entries.is_empty() && newest && shown.kind.is_none() {
        return Either::Left(view! {
            <div class="empty stack items-center">
                <p>{t.ledger_empty}</p>
                <a class="btn btn-primary" href=routes::SHOP>
                    {t.shop_title}
                </a>
            </div>
        });
    }
    let table = if page.entries.is_empty() {
        Either::Left(view! { <p>{t.filter_none}</p> })
    } else {
        let rows: Vec<_> = page.entries.iter().cloned().map(|entry| view! { <LedgerRow entry=entry /> }).collect();
        Either::Right(view! {
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
        })
    };
    // Entries of one kind do not make up the balance: steps between them would be drawn where there were others.
    let chart = shown.kind.is_none().then(|| {
        view! { <BalanceChart entries=page.entries until=newest.then_some(page.as_of) /> }
    });
    Either::Right(view! {
        <section class="card stack" aria-labelledby="ledger-title">
            <h2 class="title" id="ledger-title">
                {t.entries}
            </h2>
            {chart}
            <Filter kind=shown.kind />
            {table}
            <Pages shown=shown next=page.next />
        </section>
    })
}

/// Chooses entries by kind: a plain form.
#[component]
fn Filter(kind: Option<EntryKind>) -> impl IntoView {
    let t = texts();
    let options = ENTRY_KINDS.map(|option| {
        view! {
            <option value=option.as_str() selected=kind == Some(option)>
                {entry_text(option, t)}
            </option>
        }
    });
    view! {
        <form class="filter" method="get" action=routes::ACCOUNT>
            <label class="field">
                <span>{t.filter_kind}</span>
                <select name="kind">
                    <option value="">{t.filter_all}</option>
                    {options}
                </select>
            </label>
            <button class="btn btn-secondary">{t.filter_apply}</button>
        </form>
    }
}

/// The links to other pages of the same entries, and to all of them as a file.
#[component]
fn Pages(shown: Selection, next: Option<i64>) -> impl IntoView {
    let t = texts();
    let link = |id: &'static str, href: String, text: &'static str| {
        view! {
            <a class="btn btn-secondary" id=id href=href>
                {text}
            </a>
        }
    };
    let older = next.map(|seq| link("ledger-older", routes::account(Some(seq), shown.kind), t.ledger_older));
    let newer = shown.before.map(|_| link("ledger-newest", routes::account(None, shown.kind), t.ledger_newest));
    view! {
        <nav class="flex flex-wrap gap-3" aria-label=t.entries>
            {newer}
            {older}
            <a class="btn btn-quiet" href=routes::ledger_csv(shown.kind) download>
                {t.ledger_csv}
            </a>
        </nav>
    }
}
