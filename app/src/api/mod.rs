//! The server functions, by which pages and islands reach the shop: one file for each noun, a few lines each. In the
//! browser they are requests to the server.

#[cfg(feature = "ssr")]
mod account;
mod balance;
#[cfg(feature = "ssr")]
mod catalog;
mod checkout;
#[cfg(feature = "ssr")]
mod convert;
#[cfg(feature = "ssr")]
mod error;
mod history;
mod json;
#[cfg(feature = "ssr")]
mod ledger;
#[cfg(feature = "ssr")]
mod legal;
mod order;
#[cfg(feature = "ssr")]
mod receipt;
#[cfg(feature = "ssr")]
mod server;
#[cfg(feature = "ssr")]
mod withdrawal;

pub(crate) use balance::current_balance;
pub(crate) use checkout::{confirm_checkout, discard_purchase, purchase_status};
pub(crate) use history::purchase_history;
pub(crate) use order::{create_checkout, order_form};

#[cfg(feature = "ssr")]
pub(crate) use account::{Addresses, PageContext, addresses, is_at, page_context};
#[cfg(feature = "ssr")]
pub(crate) use catalog::products;
#[cfg(feature = "ssr")]
pub(crate) use convert::{product_view, purchase_view};
#[cfg(feature = "ssr")]
pub(crate) use ledger::{HoldView, LedgerEntryView, LedgerView, Moment, active_holds, ledger};
#[cfg(feature = "ssr")]
pub(crate) use legal::legal_text;
#[cfg(feature = "ssr")]
pub(crate) use receipt::{EntryView, ReceiptView, ReturnView, receipt};
#[cfg(feature = "ssr")]
pub use server::PlainForm;
#[cfg(feature = "ssr")]
pub(crate) use server::page_status;
#[cfg(feature = "ssr")]
pub(crate) use withdrawal::withdrawal;
