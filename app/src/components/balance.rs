//! The credit balance of the rendered page. Islands update it from then on.

use billing::wallet::Funds;
use futures::future::{BoxFuture, Shared};
use leptos::prelude::*;

use crate::islands::{BalanceCard, BalancePill};

/// The credits that the page shows. A future, because rendering the page may book credits.
#[derive(Clone)]
pub(crate) struct PageFunds(pub(crate) Shared<BoxFuture<'static, Option<Funds>>>);

/// The available credits in the header.
#[component]
pub(crate) fn PageBalancePill() -> impl IntoView {
    let PageFunds(funds) = expect_context();
    Suspend::new(async move {
        let funds = funds.await;
        view! { <BalancePill funds=funds /> }.into_any()
    })
}

/// The available credits on a card of their own.
#[component]
pub(crate) fn PageBalanceCard() -> impl IntoView {
    let PageFunds(funds) = expect_context();
    Suspend::new(async move {
        let funds = funds.await;
        view! { <BalanceCard funds=funds /> }.into_any()
    })
}
