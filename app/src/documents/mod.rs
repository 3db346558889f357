//! What the shop hands out on paper and by mail, without any page: receipts, mails, and the history as a spreadsheet.

pub mod export;
pub mod mail_templates;
pub mod receipt;
