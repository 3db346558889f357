//! How a purchase turned out.

use leptos::prelude::*;

use super::notice::{Mark, Tone};
use crate::page_title::set_page_title;

/// A picture, a headline that is the page's title as well, and a sentence; then whatever else there is to say, and to do.
#[component]
pub(crate) fn OutcomeCard(
    tone: Tone,
    title: &'static str,
    /// Empty, or left out, where the headline says it all.
    #[prop(optional, into)]
    text: Option<String>,
    /// It is one of several: its headline is not the page's.
    #[prop(optional)]
    among_others: bool,
    children: Children,
) -> impl IntoView {
    let headline = if among_others {
        view! { <h2 class="title-large">{title}</h2> }.into_any()
    } else {
        set_page_title(title);
        view! { <h1 class="title-large">{title}</h1> }.into_any()
    };
    view! {
        <section class="card outcome">
            <Mark tone=tone />
            {headline}
            {text.filter(|text| !text.is_empty()).map(|text| view! { <p class="lead">{text}</p> })}
            {children()}
        </section>
    }
}
