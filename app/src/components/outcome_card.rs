//! The outcome of a purchase.

use leptos::prelude::*;

use super::notice::{Mark, Tone};
use crate::page_title::set_page_title;

/// An icon, a headline that is also the page's title, a sentence, and further contents.
#[component]
pub(crate) fn OutcomeCard<C: IntoView + 'static>(
    tone: Tone,
    title: &'static str,
    /// The sentence, if the headline is not enough.
    #[prop(optional, into)]
    text: Option<String>,
    /// Whether the page has several cards; then the headline is not the page's title.
    #[prop(optional)]
    among_others: bool,
    children: TypedChildren<C>,
) -> impl IntoView {
    if !among_others {
        set_page_title(title);
    }
    let headline = (!among_others).then(|| view! { <h1 class="title-large">{title}</h1> });
    let heading = among_others.then(|| view! { <h2 class="title-large">{title}</h2> });
    view! {
        <section class="card outcome">
            <Mark tone=tone />
            {headline}
            {heading}
            {text.filter(|text| !text.is_empty()).map(|text| view! { <p class="lead">{text}</p> })}
            {children.into_inner()()}
        </section>
    }
}
