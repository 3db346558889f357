//! `/account`: the balance over time, and every entry that made it.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    address,
    api::{self, PageContext},
    components::PageBalanceCard,
    islands::Ledger,
    locales::texts,
};

/// Balance, chart, and the ledger a page at a time: `/account?before=<entry>` goes on.
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
                let page = api::ledger(before).await;
                if let Err(error) = &page {
                    api::page_status(error.status());
                }
                view! { <Ledger page=page before=before changes=changes /> }
            })}
        </div>
    }
}
