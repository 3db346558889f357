//! Ordering: the form as a dialog, and its button.
//!
//! Without JavaScript, the dialog is open, and its form an ordinary one. In the browser it becomes a modal one, so that
//! focus stays inside and Escape closes it; the button sends the form to the same server function, and says where the
//! buyer is being taken.

use leptos::{ev, html, prelude::*, serde_json};
use serde::{Deserialize, Serialize};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement, HtmlFormElement};

use super::fetch;

/// What the browser's history has with an address that a dialog was opened under without loading a page.
pub(super) const OPENED_HERE: &str = "opened-here";

/// A dialog over the front page. What has `data-close` closes it; then focus goes to the element whose id `data-opener`
/// of an element around it says.
#[island]
pub(crate) fn OrderDialog(
    /// Its content is still to come.
    busy: bool,
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
            let opened_here = history.state().is_ok_and(|state| state == OPENED_HERE);
            _ = if opened_here {
                history.back()
            } else {
                history.replace_state_with_url(&JsValue::NULL, "", Some("/"))
            };
        }
        let around = dialog.get_untracked().and_then(|dialog| dialog.closest("[data-opener]").ok().flatten());
        let opener = around.and_then(|around| around.get_attribute("data-opener"));
        let opener = opener.and_then(|opener| document().get_element_by_id(&opener));
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
            aria-busy=busy.then_some("true")
            on:close=on_close
            on:click=on_click
        >
            {children()}
        </dialog>
    }
}

/// Where an order leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Onward {
    /// The address to go on at.
    pub(crate) address: String,
    /// It is the payment page: the buyer is told before.
    pub(crate) pays: bool,
}

/// The button of the form around it. While that is sent, it says so, and sends nothing more; then it says where the buyer
/// is being taken, with a link for a browser that stays. Where the answer does not come, the form is sent as it is
/// without JavaScript: its key makes one purchase of the two.
#[island]
pub(crate) fn OrderButton(
    #[prop(into)] label: String,
    #[prop(into)] sending_label: String,
    /// Before the payment page's host.
    #[prop(into)]
    redirect: String,
    #[prop(into)] redirect_link: String,
) -> impl IntoView {
    let sending = RwSignal::new(false);
    let paying = RwSignal::new(None::<String>);
    let button = NodeRef::<html::Button>::new();
    Effect::new(move |_| {
        let form = button.get().and_then(|button| button.closest("form").ok().flatten());
        let sent = window_event_listener(ev::submit, move |event| {
            let Some(form) = form.clone().and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else { return };
            let target = event.target();
            if target.as_ref().and_then(JsCast::dyn_ref::<HtmlFormElement>) != Some(&form) {
                return;
            }
            event.prevent_default();
            if sending.get_untracked() {
                return;
            }
            sending.set(true);
            leptos::task::spawn_local(async move {
                let answer = fetch::post_form(&form).await;
                let Some(onward) = answer.and_then(|text| serde_json::from_str::<Onward>(&text).ok()) else {
                    _ = form.submit();
                    return;
                };
                if onward.pays {
                    paying.set(Some(onward.address.clone()));
                }
                _ = window().location().assign(&onward.address);
            });
        });
        // Back from the payment page, a browser may show the page as it was left.
        let shown_again = window_event_listener(ev::pageshow, move |event| {
            if event.persisted() {
                sending.set(false);
                paying.set(None);
            }
        });
        on_cleanup(move || {
            sent.remove();
            shown_again.remove();
        });
    });
    let onward = move || {
        paying.get().map(|address| {
            let says = format!("{redirect} {}", host(&address));
            view! {
                <p>{says}</p>
                <p>
                    <a class="link" href=address>
                        {redirect_link.clone()}
                    </a>
                </p>
            }
        })
    };
    view! {
        <button class="btn btn-primary btn-large" node_ref=button disabled=move || sending.get()>
            {move || if sending.get() { sending_label.clone() } else { label.clone() }}
        </button>
        <div class="text-center" role="status">
            {onward}
        </div>
    }
    .into_any()
}

/// The host of an absolute address, port included, as the buyer will see it in the address bar.
fn host(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buyer_is_told_the_host_that_the_browser_goes_to() {
        assert_eq!(host("https://checkout.stripe.com/c/pay/cs_test_1#fid=x"), "checkout.stripe.com");
        assert_eq!(host("http://127.0.0.1:3100?x=https://checkout.stripe.com/"), "127.0.0.1:3100");
        assert_eq!(host("https://checkout.stripe.com@evil.example/pay"), "evil.example");
    }
}
