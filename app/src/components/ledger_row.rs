//! An entry of the ledger.

use billing::ids::PurchaseId;
use leptos::prelude::*;

use crate::{
    api::LedgerEntryView,
    format,
    locales::texts,
    routes,
    wording::{entry_reason, entry_text},
};

/// The entry's reason, its credits, and the balance after it.
#[component]
pub(crate) fn LedgerRow(entry: LedgerEntryView) -> impl IntoView {
    let t = texts();
    let at = format::date_time(entry.at.at, t.locale);
    let receipt = entry.source.purchase().map(|purchase| {
        let label = format!("{}: {}, {at}", t.receipt, entry_text(entry.kind, t));
        view! { <ReceiptLink purchase=purchase seq=entry.seq label=label /> }
    });
    view! {
        <tr>
            <td>
                {entry_reason(entry.kind, t)} {receipt}
                <p class="fine">{at}</p>
            </td>
            <td class="numeric">{format::change(entry.credits, t.locale)}</td>
            <td class="numeric">{format::number(entry.balance_after, t.locale)}</td>
        </tr>
    }
}

#[component]
fn ReceiptLink(purchase: PurchaseId, seq: i64, label: String) -> impl IntoView {
    view! {
        " "
        <a
            class="link-inline"
            id=format!("entry-{seq}")
            href=routes::receipt(&purchase.to_string())
            aria-label=label
        >
            {texts().receipt}
        </a>
    }
}
