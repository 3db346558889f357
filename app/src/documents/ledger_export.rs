//! The ledger as a table for spreadsheets, in one language.

use billing::{locale::Locale, store::DescribedEntry};
use jiff::tz::TimeZone;

use crate::{api::LedgerEntryView, format, locales::Texts, wording::entry_text};

/// How many columns the table has.
pub const COLUMNS: usize = 8;

/// The headings.
pub fn headings(locale: Locale) -> [String; COLUMNS] {
    let t = Texts::of(locale);
    [
        t.entry_number,
        t.entry_at,
        t.entry_kind,
        t.description,
        t.reference,
        t.purchase_number,
        t.credits,
        t.balance_after,
    ]
    .map(str::to_owned)
}

/// An entry under them.
pub fn row(described: &DescribedEntry, zone: &TimeZone, locale: Locale) -> [String; COLUMNS] {
    let entry = LedgerEntryView::new(described, zone);
    [
        entry.seq.to_string(),
        format::iso_minute(entry.at.at),
        entry_text(entry.kind, Texts::of(locale)).to_owned(),
        entry.description.unwrap_or_default(),
        entry.reference.unwrap_or_default(),
        entry.source.purchase().map(|purchase| purchase.to_string()).unwrap_or_default(),
        entry.credits.to_string(),
        entry.balance_after.to_string(),
    ]
}
