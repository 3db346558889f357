//! The documents that are not pages: receipts, mails, and the history as a spreadsheet.

pub mod export;
pub mod mail_templates;
pub mod receipt;
