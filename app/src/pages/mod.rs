//! The pages, one in each file.

mod account;
mod cancel;
mod dev_components;
mod ledger;
mod legal;
mod not_found;
mod page_error;
mod receipt;
mod shop;
mod success;
mod withdraw;

pub(crate) use account::{SignInPage, SignUpPage};
pub(crate) use cancel::CancelPage;
pub(crate) use dev_components::DevComponentsPage;
pub(crate) use ledger::LedgerPage;
pub(crate) use legal::LegalTextPage;
pub(crate) use not_found::NotFoundPage;
pub(crate) use receipt::ReceiptPage;
pub(crate) use shop::ShopPage;
pub(crate) use success::{SuccessPage, confirmation};
pub(crate) use withdraw::WithdrawPage;
