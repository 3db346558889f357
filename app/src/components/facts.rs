//! Pairs of a name and a value: order summaries and receipts.

use leptos::prelude::*;

/// A list of [`Fact`]s.
#[component]
pub(crate) fn Facts(children: Children) -> impl IntoView {
    view! { <dl class="facts">{children()}</dl> }
}

/// A name and its value.
#[component]
pub(crate) fn Fact(
    #[prop(into)] name: String,
    /// What it all comes to.
    #[prop(optional)]
    total: bool,
    children: Children,
) -> impl IntoView {
    view! {
        <div class=if total { "fact fact-total" } else { "fact" }>
            <dt>{name}</dt>
            <dd>{children()}</dd>
        </div>
    }
}
