//! What pages ask of the shop.

mod account;
mod catalog;
mod checkout;
mod history;
mod ledger;
mod legal;
mod order;
mod receipt;
mod server;
mod withdrawal;

pub(crate) use account::{Addresses, PageContext, addresses, is_at, page_context};
pub(crate) use catalog::{ProductView, products};
pub(crate) use checkout::{Cancelled, Confirmed, cancelled_purchase, confirm_checkout};
pub(crate) use history::{HistoryView, PurchaseView, purchase_history};
pub(crate) use ledger::{LedgerEntryView, LedgerView, Moment, ledger};
pub(crate) use legal::legal_text;
pub(crate) use order::{OrderFormView, order_form};
pub(crate) use receipt::{EntryView, ReceiptView, ReturnView, receipt};
pub(crate) use server::page_status;
pub(crate) use withdrawal::withdrawal;
