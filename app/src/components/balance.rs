//! The credit balance, as the page is made with it. From then on, islands follow the ledger.

use billing::money::Credits;
use futures::future::{BoxFuture, Shared};
use leptos::prelude::*;

use super::{Notice, Tone};
use crate::{
    api::PageContext,
    context::texts,
    islands::balance::{BalanceNews, BalanceText, WhileOverdrawn},
};

/// The balance that the page shows. To be waited for, since making the page may book credits.
#[derive(Clone)]
pub(crate) struct PageBalance(pub(crate) Shared<BoxFuture<'static, Option<Credits>>>);

/// The balance in words.
#[component]
pub(crate) fn Balance(
    /// The number large, the word beside it small.
    #[prop(optional)]
    large: bool,
) -> impl IntoView {
    let locale = texts().locale;
    let PageBalance(balance) = expect_context();
    Suspend::new(async move {
        let credits = balance.await;
        view! { <BalanceText credits=credits locale=locale large=large /> }
    })
}

/// The balance in large figures, on a card of its own.
#[component]
pub(crate) fn BalanceCard() -> impl IntoView {
    view! {
        <div class="card hero-card">
            <p class="eyebrow">{texts().balance}</p>
            <p class="balance-large">
                <Balance large=true />
            </p>
            <Overdrawn />
        </div>
    }
    .into_any()
}

/// Says so when more credits were taken back than were left.
#[component]
fn Overdrawn() -> impl IntoView {
    let t = texts();
    let PageBalance(balance) = expect_context();
    Suspend::new(async move {
        let credits = balance.await;
        view! {
            <WhileOverdrawn credits=credits>
                <Notice tone=Tone::Bad>{t.balance_overdrawn}</Notice>
            </WhileOverdrawn>
        }
    })
}

/// Has the page follow the ledger.
#[component]
pub(crate) fn Follow() -> impl IntoView {
    let t = texts();
    let visitor = expect_context::<PageContext>().email.unwrap_or_default();
    view! { <BalanceNews locale=t.locale visitor=visitor label=t.new_balance lost=t.connection_lost /> }
}
