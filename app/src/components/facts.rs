//! Name-value pairs, for order summaries and receipts.

use leptos::prelude::*;

/// A list of [`Fact`]s.
#[component]
pub(crate) fn Facts<C: IntoView + 'static>(children: TypedChildren<C>) -> impl IntoView {
    view! { <dl class="facts">{children.into_inner()()}</dl> }
}

/// A name and its value.
#[component]
pub(crate) fn Fact<C: IntoView + 'static>(
    #[prop(into)] name: String,
    /// Whether it is the total.
    #[prop(optional)]
    total: bool,
    children: TypedChildren<C>,
) -> impl IntoView {
    view! {
        <div class=if total { "fact fact-total" } else { "fact" }>
            <dt>{name}</dt>
            <dd>{children.into_inner()()}</dd>
        </div>
    }
}
