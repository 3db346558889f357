//! How a purchase turned out.

use leptos::prelude::*;

use super::notice::{Mark, Tone};
use crate::page_title::set_page_title;

/// A picture, a headline that is the page's title as well, and a sentence; then whatever else there is to say, and to
/// do.
#[component]
pub(crate) fn OutcomeCard<C: IntoView + 'static>(
    tone: Tone,
    title: &'static str,
    /// Empty, or left out, where the headline says it all.
    #[prop(optional, into)]
    text: Option<String>,
    /// It is one of several: its headline is not the page's.
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
