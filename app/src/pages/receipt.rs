//! `/purchases/{id}`: the receipt.

use billing::{ids::PurchaseId, ledger::EntryKind, purchase::Status};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::not_found::NotFound;
use crate::{
    api::{self, EntryView, ReceiptView, SellerView},
    components::{ErrorView, Fact, Facts, Loading, StatusBadge},
    error::ShopError,
    format,
    locales::{Texts, texts},
    routes,
};

/// What was bought, from whom, for how much, and what it did to the balance; fit to be printed.
#[component]
pub(crate) fn ReceiptPage() -> impl IntoView {
    let params = use_params_map();
    let receipt = Resource::new(
        move || params.read().get("id").and_then(|id| id.parse::<PurchaseId>().ok()),
        |id| async move {
            match id {
                Some(id) => api::receipt(id).await,
                None => Err(ShopError::NotFound),
            }
        },
    );
    view! {
        <div class="narrow">
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match receipt.await {
                        Ok(receipt) => view! { <Receipt receipt=receipt /> }.into_any(),
                        Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
                        Err(error) => view! { <ErrorView error=error /> }.into_any(),
                    }
                })}
            </Suspense>
        </div>
    }
}

#[component]
fn Receipt(receipt: ReceiptView) -> impl IntoView {
    let t = texts();
    let purchase = receipt.purchase;
    let id = purchase.id.to_string();
    let id_text = id.clone();
    let was_paid = matches!(purchase.status, Status::Paid | Status::Refunded);
    let title = if was_paid { t.receipt } else { t.purchase };
    let money = |amount| format::money(amount, t.locale);
    let tax = (t.vat)(&format::percent(receipt.vat_rate_basis_points, t.locale));
    let paid_at =
        receipt.paid_at.map(|at| view! { <Fact name=t.paid_at.to_owned()>{format::date_time(at, t.locale)}</Fact> });
    let refunded_at = receipt
        .refunded_at
        .map(|at| view! { <Fact name=t.refunded_at.to_owned()>{format::date_time(at, t.locale)}</Fact> });
    let payment = receipt
        .payment_ref
        .or_else(|| purchase.session_id.clone().filter(|_| was_paid))
        .map(|name| view! { <Fact name=t.payment_ref.to_owned()><code class="reference">{name}</code></Fact> });
    let refunded = (purchase.refunded.cents > 0)
        .then(|| view! { <Fact name=t.refunded_amount.to_owned()>{money(purchase.refunded)}</Fact> });
    let (go_on, go_on_text) = match &purchase.session_id {
        Some(session_id) if purchase.processing => (routes::success(session_id), t.history_check),
        _ => (routes::cancel(&id), t.history_continue),
    };
    let open =
        (purchase.status == Status::Pending).then(|| view! { <a class="btn btn-primary" href=go_on>{go_on_text}</a> });
    view! {
        <Title text=title />
        <article class="card receipt">
            <header class="receipt-head">
                <div>
                    <p class="eyebrow">"IZA Credits"</p>
                    <h1 class="title-large">{title}</h1>
                </div>
                <StatusBadge purchase=purchase.clone() />
            </header>
            <div class="receipt-parties">
                <Seller seller=receipt.seller />
                <div>
                    <h2 class="eyebrow">{t.buyer}</h2>
                    <p class="break-words">{receipt.buyer_email}</p>
                </div>
            </div>
            <Facts>
                <Fact name=t.purchase_number.to_owned()>
                    <code class="reference">{id}</code>
                </Fact>
                <Fact name=t.ordered_at.to_owned()>{format::date_time(purchase.ordered_at, t.locale)}</Fact>
                {paid_at}
                {refunded_at}
                {payment}
            </Facts>
            <Facts>
                <Fact name=t.product.to_owned()>{purchase.name.clone()}</Fact>
                <Fact name=t.credits.to_owned()>{format::credits(purchase.credits, t.locale)}</Fact>
                <Fact name=t.net.to_owned()>{money(receipt.net)}</Fact>
                <Fact name=tax>{money(receipt.tax)}</Fact>
                <Fact name=t.total.to_owned() total=true>
                    <strong class="price">{money(purchase.price)}</strong>
                </Fact>
                {refunded}
            </Facts>
            <Entries entries=receipt.entries />
            <p class="fine">{if was_paid { t.receipt_no_invoice } else { t.purchase_unpaid }}</p>
        </article>
        <p class="actions no-print">
            {open}
            <PrintButton />
            {was_paid.then(|| view! { <a class="link" href=routes::withdraw(&id_text)>{t.withdraw}</a> })}
            <a class="link" href=routes::SHOP>
                {t.to_shop}
            </a>
        </p>
    }
}

#[component]
fn Seller(seller: SellerView) -> impl IntoView {
    let t = texts();
    let lines: Vec<_> = seller.address.into_iter().map(|line| view! { <p>{line}</p> }).collect();
    let vat_id = (!seller.vat_id.is_empty()).then(|| view! { <p class="fine">{t.vat_id}": "{seller.vat_id}</p> });
    view! {
        <div>
            <h2 class="eyebrow">{t.seller}</h2>
            <p class="font-medium">{seller.name}</p>
            {lines}
            {vat_id}
        </div>
    }
}

/// What the purchase did to the balance.
#[component]
fn Entries(entries: Vec<EntryView>) -> impl IntoView {
    let t = texts();
    if entries.is_empty() {
        return ().into_any();
    }
    let rows: Vec<_> = entries
        .into_iter()
        .map(|entry| {
            view! {
                <tr>
                    <td>{format::date_time(entry.at, t.locale)}</td>
                    <td>{entry_text(entry.kind, t)}</td>
                    <td class="numeric">{format::change(entry.credits, t.locale)}</td>
                    <td class="numeric">{format::number(entry.balance_after, t.locale)}</td>
                </tr>
            }
        })
        .collect();
    view! {
        <table class="entries">
            <caption class="eyebrow">{t.entries}</caption>
            <thead>
                <tr>
                    <th scope="col">{t.entry_at}</th>
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
    }
    .into_any()
}

fn entry_text(kind: EntryKind, t: &'static Texts) -> &'static str {
    match kind {
        EntryKind::Purchase => t.entry_purchase,
        EntryKind::Refund => t.entry_refund,
        EntryKind::RefundReversal => t.entry_refund_reversal,
        EntryKind::Dispute => t.entry_dispute,
        EntryKind::DisputeReversal => t.entry_dispute_reversal,
    }
}

/// Prints the page; not there without JavaScript, where it could do nothing.
#[component]
fn PrintButton() -> impl IntoView {
    let able = RwSignal::new(false);
    Effect::new(move |_| able.set(true));
    view! {
        <button
            class="btn btn-secondary"
            type="button"
            class:invisible=move || !able.get()
            on:click=move |_| {
                _ = window().print();
            }
        >
            {texts().print}
        </button>
    }
}
