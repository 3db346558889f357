//! The credit balance of the rendered page. Islands update it from then on.

use billing::ledger::Balance;
use futures::future::{BoxFuture, Shared};
use leptos::prelude::*;

use crate::islands::{BalanceCard, BalancePill};

/// The balance that the page shows. A future, because rendering the page may book credits.
#[derive(Clone)]
pub(crate) struct PageBalance(pub(crate) Shared<BoxFuture<'static, Option<Balance>>>);

/// The balance in the header.
#[component]
pub(crate) fn PageBalancePill() -> impl IntoView {
    let PageBalance(balance) = expect_context();
    Suspend::new(async move {
        let balance = balance.await;
        view! { <BalancePill balance=balance /> }.into_any()
    })
}

/// The balance on a card of its own.
#[component]
pub(crate) fn PageBalanceCard() -> impl IntoView {
    let PageBalance(balance) = expect_context();
    Suspend::new(async move {
        let balance = balance.await;
        view! { <BalanceCard balance=balance /> }.into_any()
    })
}
