//! What of a page moves in the browser. Each island is small, and is told what it says, so that texts stay on the server.

pub(crate) mod balance;
mod balance_stream;
mod fetch;
pub(crate) mod fresh;
pub(crate) mod order;
pub(crate) mod order_opener;
pub(crate) mod print;
mod region;

use leptos::prelude::*;

pub(crate) use balance::LiveBalance;

/// Brings to life the islands in an element that has come later than the page.
#[derive(Clone, Copy)]
struct Wake(StoredValue<js_sys::Function, LocalStorage>);

/// Sets up, in the browser, what the islands of a page share. `wake` brings to life the islands in an element.
pub fn share(wake: js_sys::Function) {
    provide_context(LiveBalance::new());
    provide_context(Wake(StoredValue::new_local(wake)));
}
