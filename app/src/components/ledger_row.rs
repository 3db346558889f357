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

/// The entry's description or reason, its credits, and the balance after it.
#[component]
pub(crate) fn LedgerRow(entry: LedgerEntryView) -> impl IntoView {
    let t = texts();
    let at = format::date_time(entry.at.at, t.locale);
    let receipt = entry.source.purchase().map(|purchase| {
        let label = format!("{}: {}, {at}", t.receipt, entry_text(entry.kind, t));
        view! { <ReceiptLink purchase=purchase seq=entry.seq label=label /> }
    });
    let kind = entry.description.is_some().then(|| format!("{}, ", entry_text(entry.kind, t)));
    let why = entry.description.unwrap_or_else(|| entry_reason(entry.kind, t).to_owned());
    view! {
        <tr>
            <td>
                <bdi>{why}</bdi>
                {receipt}
                <p class="fine">{kind} {at}</p>
                {entry.reference.map(|reference| view! { <JobReference reference=reference /> })}
            </td>
            <td class="numeric">{format::change(entry.credits, t.locale)}</td>
            <td class="numeric">{format::number(entry.balance_after, t.locale)}</td>
        </tr>
    }
}

/// The platform's name for the job that credits were spent or set aside for.
#[component]
pub(super) fn JobReference(reference: String) -> impl IntoView {
    view! {
        <p class="fine">
            {texts().reference}
            ": "
            <bdi>{reference}</bdi>
        </p>
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
