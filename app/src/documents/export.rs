//! The purchase history as a table for spreadsheets, in one language.

use billing::{
    locale::Locale,
    money::{Currency, Money},
    purchase::Purchase,
};
use jiff::tz::TimeZone;

use crate::{
    api::purchase_view,
    format,
    locales::{Conventions, Texts},
    wall_time::WallTime,
    wording::status_text,
};

/// The number of columns.
pub const COLUMNS: usize = 10;

/// The delimiter that spreadsheet programs expect in a language.
pub fn column_delimiter(locale: Locale) -> u8 {
    Conventions::of(locale).column
}

/// The headings.
pub fn headings(locale: Locale) -> [String; COLUMNS] {
    let t = Texts::of(locale);
    let in_currency = |text: &str| format!("{text} ({})", Currency::Eur);
    [
        t.purchase_number.to_owned(),
        t.receipt_number.to_owned(),
        t.ordered_at.to_owned(),
        t.paid_at.to_owned(),
        t.status.to_owned(),
        t.product.to_owned(),
        t.credits.to_owned(),
        in_currency(t.total),
        in_currency(t.refunded_amount),
        t.payment_ref.to_owned(),
    ]
}

/// The row of a purchase.
pub fn row(purchase: &Purchase, zone: &TimeZone, locale: Locale) -> [String; COLUMNS] {
    let view = purchase_view(purchase, zone);
    let paid_at = purchase.state.paid_at().map(|at| format::iso_minute(WallTime::at(at, zone)));
    let money = |amount: Money| format::decimal(amount, locale);
    [
        view.id.to_string(),
        purchase.receipt_number.map(|number| number.to_string()).unwrap_or_default(),
        format::iso_minute(view.ordered_at),
        paid_at.unwrap_or_default(),
        status_text(&view, Texts::of(locale)).to_owned(),
        view.name,
        view.credits.to_string(),
        money(view.price),
        money(view.refunded),
        purchase.payment_ref.clone().unwrap_or_default(),
    ]
}
