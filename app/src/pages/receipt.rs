//! `/purchases/{id}`: the receipt.

use billing::{ids::PurchaseId, purchase::Status};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{not_found::NotFound, page_error::PageError};
use crate::{
    api::{self, ReceiptView},
    components::{Fact, Facts, StatusBadge},
    documents::receipt::{Column, Document, Line, LineKind, Party, Table},
    error::ShopError,
    islands::PrintButton,
    locales::texts,
    routes,
};

/// The receipt, also for printing.
#[component]
pub(crate) fn ReceiptPage() -> impl IntoView {
    let id = use_params_map().get_untracked().get("id").and_then(|id| id.parse::<PurchaseId>().ok());
    view! {
        <div class="narrow">
            {Suspend::new(async move {
                let receipt = match id {
                    Some(id) => api::receipt(id).await,
                    None => Err(ShopError::NotFound),
                };
                match receipt {
                    Ok(receipt) => view! { <Receipt receipt=receipt /> }.into_any(),
                    Err(ShopError::NotFound) => view! { <NotFound /> }.into_any(),
                    Err(error) => view! { <PageError error=error /> }.into_any(),
                }
            })}
        </div>
    }
}

#[component]
fn Receipt(receipt: ReceiptView) -> impl IntoView {
    let t = texts();
    let document = Document::new(&receipt, t);
    let purchase = receipt.purchase;
    let id = purchase.id.to_string();
    let number = document.number.clone().map(|number| view! { " "<span class="whitespace-nowrap">{number}</span> });
    let (go_on, go_on_text) = match &purchase.session_id {
        Some(session_id) if purchase.processing => (routes::success(session_id), t.history_check),
        _ => (routes::cancel(&id), t.history_continue),
    };
    let open =
        (purchase.status == Status::Pending).then(|| view! { <a class="btn btn-primary" href=go_on>{go_on_text}</a> });
    let pdf = document.number.is_some().then(|| {
        view! { <a class="btn btn-secondary" href=routes::receipt_pdf(&id) type="application/pdf">{t.pdf}</a> }
    });
    let withdraw =
        document.number.is_some().then(|| view! { <a class="link" href=routes::withdraw(&id)>{t.withdraw}</a> });
    view! {
        <Title text=document.heading() />
        <article class="card receipt">
            <header class="receipt-head">
                <div>
                    <p class="eyebrow">"IZA Credits"</p>
                    <h1 class="title-large">{document.title} {number}</h1>
                </div>
                <StatusBadge purchase=purchase />
            </header>
            <div class="receipt-parties">
                <PartyView party=document.seller />
                <PartyView party=document.buyer />
            </div>
            <Lines lines=document.facts />
            <Lines lines=document.sums />
            {document.returns.map(|table| view! { <TableView table=table /> })}
            {document.entries.map(|table| view! { <TableView table=table /> })}
            <p class="fine">{document.note}</p>
        </article>
        <p class="actions no-print">
            {open} {pdf} <PrintButton label=t.print.to_owned() />
            {withdraw}
            <a class="link" href=routes::SHOP>
                {t.to_shop}
            </a>
        </p>
    }
}

#[component]
fn PartyView(party: Party) -> impl IntoView {
    // Names may have another writing direction than the page.
    let lines: Vec<_> = party.lines.into_iter().map(|line| view! { <p><bdi>{line}</bdi></p> }).collect();
    view! {
        <div class="break-words">
            <h2 class="eyebrow">{party.heading}</h2>
            <p class="font-medium"><bdi>{party.name}</bdi></p>
            {lines}
        </div>
    }
}

#[component]
fn Lines(lines: Vec<Line>) -> impl IntoView {
    let facts: Vec<_> = lines
        .into_iter()
        .map(|Line { name, value, kind }| {
            let value = match kind {
                LineKind::Plain => value.into_any(),
                LineKind::Reference => view! { <code class="reference">{value}</code> }.into_any(),
                LineKind::Total => view! { <strong class="price">{value}</strong> }.into_any(),
            };
            view! {
                <Fact name=name total=kind == LineKind::Total>
                    {value}
                </Fact>
            }
        })
        .collect();
    view! { <Facts>{facts}</Facts> }
}

#[component]
fn TableView(table: Table) -> impl IntoView {
    let class = |column: &Column| if column.numeric { "numeric" } else { "" };
    let head: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            view! {
                <th class=class(column) scope="col">
                    {column.heading}
                </th>
            }
        })
        .collect();
    let rows: Vec<_> = table
        .rows
        .into_iter()
        .map(|row| {
            let cells: Vec<_> = row
                .into_iter()
                .zip(&table.columns)
                .map(|(cell, column)| view! { <td class=class(column)>{cell}</td> })
                .collect();
            view! { <tr>{cells}</tr> }
        })
        .collect();
    view! {
        <table class="entries">
            <caption class="eyebrow">{table.caption}</caption>
            <thead>
                <tr>{head}</tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}
