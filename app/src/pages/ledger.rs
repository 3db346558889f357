//! `/account`: the balance over time, and every entry that made it.

use billing::ledger::EntryKind;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{self, LedgerEntryView, LedgerView, PageContext},
    components::{BalanceCard, BalanceChart, ErrorView},
    context::texts,
    format,
    islands::fresh::KeepFresh,
    locales::Texts,
    routes,
};

/// Balance, chart, and the ledger a page at a time: `/account?before=<entry>` goes on.
#[component]
pub(crate) fn LedgerPage() -> impl IntoView {
    let t = texts();
    let PageContext { email, changes, .. } = expect_context();
    let before = routes::query("before").and_then(|seq| seq.parse::<i64>().ok());
    view! {
        <Title text=t.account_title />
        <div class="narrow">
            <header>
                <h1 class="title-large">{t.account_title}</h1>
                <p class="fine break-words">{email}</p>
            </header>
            <BalanceCard />
            <div id="ledger">
                {Suspend::new(async move {
                    match api::ledger(before).await {
                        Ok(page) => view! { <Ledger page=page newest=before.is_none() /> }.into_any(),
                        Err(error) => view! { <ErrorView error=error /> }.into_any(),
                    }
                })}
            </div>
            <KeepFresh region="ledger" changes=changes asks=false />
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
    let rows: Vec<_> = page.entries.iter().cloned().map(|entry| view! { <Row entry=entry /> }).collect();
    let older = page.next.map(|seq| {
        view! { <a class="btn btn-secondary" rel="next" href=routes::account_before(seq)>{t.ledger_older}</a> }
    });
    let newer = (!newest).then(|| view! { <a class="btn btn-secondary" href=routes::ACCOUNT>{t.ledger_newest}</a> });
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

#[component]
fn Row(entry: LedgerEntryView) -> impl IntoView {
    let t = texts();
    let receipt = routes::receipt(&entry.purchase_id.to_string());
    let at = format::date_time(entry.at.at, t.locale);
    let label = format!("{}: {}, {at}", t.receipt, entry_text(entry.kind, t));
    view! {
        <tr>
            <td>
                {why(entry.kind, t)}
                " "
                <a class="link-inline" href=receipt aria-label=label>
                    {t.receipt}
                </a>
                <p class="fine">{at}</p>
            </td>
            <td class="numeric">{format::change(entry.credits, t.locale)}</td>
            <td class="numeric">{format::number(entry.balance_after, t.locale)}</td>
        </tr>
    }
}

/// What an entry is.
pub(crate) fn entry_text(kind: EntryKind, t: &'static Texts) -> &'static str {
    match kind {
        EntryKind::Purchase => t.entry_purchase,
        EntryKind::Refund => t.entry_refund,
        EntryKind::RefundReversal => t.entry_refund_reversal,
        EntryKind::Dispute => t.entry_dispute,
        EntryKind::DisputeReversal => t.entry_dispute_reversal,
    }
}

/// Why an entry exists.
fn why(kind: EntryKind, t: &'static Texts) -> &'static str {
    match kind {
        EntryKind::Purchase => t.why_purchase,
        EntryKind::Refund => t.why_refund,
        EntryKind::RefundReversal => t.why_refund_reversal,
        EntryKind::Dispute => t.why_dispute,
        EntryKind::DisputeReversal => t.why_dispute_reversal,
    }
}
