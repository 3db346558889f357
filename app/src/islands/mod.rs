//! The interactive parts of pages. Each island is rendered on the server with its data, as serialised properties. In
//! the browser it gets updates from server functions, and renders them itself.

mod balance;
mod balance_stream;
mod data;
mod history;
mod latest;
mod live_balance;
mod order_dialog;
mod print;
mod purchase_status;
mod reload;

pub(crate) use live_balance::LiveBalance;
#[cfg(feature = "ssr")]
pub(crate) use {
    balance::{BalanceCard, BalanceFollower, BalancePill},
    data::IslandData,
    history::History,
    order_dialog::OrderDialog,
    print::PrintButton,
    purchase_status::PurchaseStatus,
    reload::ReloadOnChange,
};

use std::time::Duration;

use billing::locale::Locale;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// In the browser, provides the context that the islands of a page share: its language, and the balance.
pub fn provide_page_contexts() {
    let language = document().document_element().and_then(|html| html.get_attribute("lang"));
    provide_context(language.and_then(|tag| tag.parse::<Locale>().ok()).unwrap_or_default());
    provide_context(LiveBalance::new());
}

/// Focuses the element with this id.
fn focus(id: &str) {
    let element = document().get_element_by_id(id);
    if let Some(element) = element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        _ = element.focus();
    }
}

/// Makes a change, and restores the focus by element id, because lists are changed in place, row by row. If the element
/// is gone, focuses the page's content.
fn keep_focus(change: impl FnOnce()) {
    let focused = document().active_element().map(|element| element.id()).filter(|id| !id.is_empty());
    change();
    // A timeout, because effects run before the next task.
    let refocus = move || {
        let Some(id) = focused else { return };
        if document().get_element_by_id(&id).is_some() { focus(&id) } else { focus("main") }
    };
    set_timeout(refocus, Duration::ZERO);
}
