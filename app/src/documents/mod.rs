//! The documents that are not pages: receipts, mails, and history and ledger as spreadsheets.

pub mod export;
pub mod ledger_export;
pub mod mail_templates;
pub mod receipt;
