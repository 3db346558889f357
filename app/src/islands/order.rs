//! Ordering: the form as a dialog, and its button.
//!
//! Without JavaScript, the dialog is open, and its form an ordinary one. In the browser it becomes a modal one, so that
//! focus stays inside and Escape closes it; the form is sent as it is without.

use leptos::{ev, html, prelude::*};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

/// A dialog over the front page. What has `data-close` closes it.
#[island]
pub(crate) fn OrderDialog(
    /// The id of the link that led here; focus goes back to it.
    opener: String,
    children: Children,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        if let Some(dialog) = dialog.get() {
            // Not `close()`, which would tell that the buyer has closed it.
            _ = dialog.remove_attribute("open");
            _ = dialog.show_modal();
        }
    });
    // What is beneath is the front page already.
    let on_close = move |_: ev::Event| {
        if let Ok(history) = window().history() {
            _ = history.replace_state_with_url(&JsValue::NULL, "", Some("/"));
        }
        let opener = document().get_element_by_id(&opener);
        if let Some(opener) = opener.and_then(|opener| opener.dyn_into::<HtmlElement>().ok()) {
            _ = opener.focus();
        }
    };
    // What is in the dialog fills it, so a click on the dialog itself is one beside it.
    let on_click = move |event: ev::MouseEvent| {
        let (Some(dialog), Some(clicked)) = (dialog.get_untracked(), event.target()) else { return };
        let clicked = clicked.dyn_ref::<Element>();
        let closes = clicked.is_some_and(|clicked| {
            dialog.is_same_node(Some(clicked)) || clicked.closest("[data-close]").is_ok_and(|close| close.is_some())
        });
        if closes {
            event.prevent_default();
            dialog.close();
        }
    };
    view! {
        <dialog
            class="order-dialog"
            node_ref=dialog
            open=true
            aria-labelledby="order-title"
            on:close=on_close
            on:click=on_click
        >
            {children()}
        </dialog>
    }
}

/// The button of the form around it; while that is sent, it says so, and sends nothing more.
#[island]
pub(crate) fn OrderButton(#[prop(into)] label: String, #[prop(into)] sending_label: String) -> impl IntoView {
    let sending = RwSignal::new(false);
    let button = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        let form = button.get().and_then(|button| button.closest("form").ok().flatten());
        let sent = window_event_listener(ev::submit, move |event| {
            let target = event.target();
            if target.as_ref().and_then(JsCast::dyn_ref::<Element>) == form.as_ref() {
                sending.set(true);
            }
        });
        // Back from the payment page, a browser may show the page as it was left.
        let shown_again = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                sending.set(false);
            }
        });
        on_cleanup(move || {
            sent.remove();
            shown_again.remove();
        });
    });
    view! {
        <button class="btn btn-primary btn-large" node_ref=button disabled=move || sending.get()>
            {move || if sending.get() { sending_label.clone() } else { label.clone() }}
        </button>
    }
}
