//! The credit balance, as the page is rendered with it. From then on, islands follow the ledger.

use billing::ledger::Balance;
use futures::future::{BoxFuture, Shared};
use leptos::prelude::*;

use crate::islands::{BalanceCard, BalancePill};

/// The balance that the page shows. To be waited for, since rendering the page may book credits.
#[derive(Clone)]
pub(crate) struct PageBalance(pub(crate) Shared<BoxFuture<'static, Option<Balance>>>);

/// The balance in a few words.
#[component]
pub(crate) fn PageBalancePill() -> impl IntoView {
    let PageBalance(balance) = expect_context();
    Suspend::new(async move {
        let balance = balance.await;
        view! { <BalancePill balance=balance /> }.into_any()
    })
}

/// The balance in large figures, on a card of its own.
#[component]
pub(crate) fn PageBalanceCard() -> impl IntoView {
    let PageBalance(balance) = expect_context();
    Suspend::new(async move {
        let balance = balance.await;
        view! { <BalanceCard balance=balance /> }.into_any()
    })
}
