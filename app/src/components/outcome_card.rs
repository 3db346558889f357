//! How a purchase turned out.

use leptos::prelude::*;
use leptos_meta::Title;

use super::{Tone, notice::Mark};

/// A picture, a headline that is the page's title as well, and a sentence; then whatever else there is to say, and to do.
#[component]
pub(crate) fn OutcomeCard(
    tone: Tone,
    title: &'static str,
    /// Left out where the headline says it all.
    #[prop(optional, into)]
    text: Option<String>,
    children: Children,
) -> impl IntoView {
    view! {
        <Title text=title />
        <section class="card outcome">
            <Mark tone=tone />
            <h1 class="title-large">{title}</h1>
            {text.map(|text| view! { <p class="lead">{text}</p> })}
            {children()}
        </section>
    }
}
