//! Printing.

use leptos::prelude::*;

/// Prints the page; not there without JavaScript, where it could do nothing.
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
