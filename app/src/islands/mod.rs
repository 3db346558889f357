//! What of a page moves in the browser. Each island is small, and is told what it says, so that texts stay on the server.

mod balance;
mod balance_stream;
mod fetch;
mod fresh;
mod order;
mod order_opener;
mod print;
mod region;

use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub(crate) use {
    balance::{BalanceNews, BalanceText, WhileOverdrawn},
    fresh::KeepFresh,
    order::{Onward, OrderButton, OrderDialog},
    order_opener::OrderOpener,
    print::PrintButton,
};

pub(crate) use balance::LiveBalance;

/// Brings to life the islands in an element that has come later than the page.
#[derive(Clone, Copy)]
struct Wake(StoredValue<js_sys::Function, LocalStorage>);

/// Sets up, in the browser, what the islands of a page share. `wake` brings to life the islands in an element.
pub fn share(wake: js_sys::Function) {
    provide_context(LiveBalance::new());
    provide_context(Wake(StoredValue::new_local(wake)));
}
