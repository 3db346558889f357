//! An entry of the ledger.

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
    let receipt = routes::receipt(&entry.purchase_id.to_string());
    let at = format::date_time(entry.at.at, t.locale);
    let label = format!("{}: {}, {at}", t.receipt, entry_text(entry.kind, t));
    view! {
        <tr>
            <td>
                {entry_reason(entry.kind, t)}
                " "
                <a class="link-inline" id=format!("entry-{}", entry.seq) href=receipt aria-label=label>
                    {t.receipt}
                </a>
                <p class="fine">{at}</p>
            </td>
            <td class="numeric">{format::change(entry.credits, t.locale)}</td>
            <td class="numeric">{format::number(entry.balance_after, t.locale)}</td>
        </tr>
    }
}
