//! What pages ask of the server: server functions, and what they answer with.
//!
//! All are POST. A form sent without JavaScript gets a redirect (303) instead of an answer; its errors travel in the
//! URL as bare codes.

mod account;
mod catalog;
mod checkout;
mod history;
mod ledger;
mod legal;
mod order;
mod receipt;
#[cfg(feature = "ssr")]
mod server;
mod withdrawal;

pub(crate) use account::{Addresses, Visit, addresses, balance, current_visit};
pub(crate) use catalog::{ProductView, products};
pub(crate) use checkout::{Cancelled, Confirmed, DiscardPurchase, cancelled_purchase, confirm_checkout};
pub(crate) use history::{HistoryView, PurchaseView, purchase_history};
pub(crate) use ledger::{LedgerEntryView, LedgerView, ledger};
pub(crate) use legal::legal_text;
pub(crate) use order::{ConsentView, CreateCheckout, OrderFormView, Ordered, order_form};
pub(crate) use receipt::{EntryView, ReceiptView, ReturnView, receipt};
pub(crate) use withdrawal::withdrawal;

/// Gives the page being rendered that HTTP status; means nothing in the browser.
#[cfg_attr(not(feature = "ssr"), expect(unused_variables, reason = "only a server answers with a status"))]
pub(crate) fn page_status(status: u16) {
    #[cfg(feature = "ssr")]
    server::set_status(status);
}
