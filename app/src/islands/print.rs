//! Printing.

use leptos::prelude::*;

/// A button that prints the page. Hidden without JavaScript, which it needs.
#[island]
pub(crate) fn PrintButton(label: String) -> impl IntoView {
    let able = RwSignal::new(false);
    Effect::new(move |_| able.set(true));
    view! {
        <button
            class="btn btn-secondary"
            type="button"
            class:invisible=move || !able.get()
            on:click=move |_| {
                _ = window().print();
            }
        >
            {label}
        </button>
    }
}
