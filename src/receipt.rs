//! The receipt (Beleg) of a paid purchase: its number, and what must not change once it is issued.
//!
//! Each seller's receipts are numbered from 1 without a gap, in the order in which the purchases were paid. A number is
//! not given in the transaction that settles a purchase, where all purchases of all tenants would wait for one another,
//! but right after it, by the worker or by the first request for the receipt
//! ([`Billing::receipt`](crate::Billing::receipt)).
//!
//! Where numbers may have been given that the database does not know, as after an older back-up was restored, the
//! seller begins a new *series* ([`Billing::begin_receipt_series`](crate::Billing::begin_receipt_series)): its numbers
//! are counted from 1 again, and have the second in them in which it was begun, which never comes again.
//!
//! With its number a receipt keeps what it was issued upon: the seller, the VAT rate and the buyer's address as they
//! were. Refunds and disputes are not part of it; they are shown as they are at the time ([`crate::reversal`]).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{PurchaseId, TenantId};

/// Who sells, as a receipt names them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// Name of the business.
    pub name: String,
    /// Postal address, one line each.
    pub address: Vec<String>,
    /// VAT id, such as `DE123456789`; may be empty.
    pub vat_id: String,
}

impl Seller {
    /// Whose sequence of numbers a receipt belongs to: the VAT id names a business whatever it is called and wherever
    /// it is; without one, there is the name.
    pub fn key(&self) -> String {
        let vat_id: String = self.vat_id.chars().filter(|char| !char.is_whitespace()).collect();
        if vat_id.is_empty() { self.name.trim().to_owned() } else { vat_id.to_uppercase() }
    }
}

/// What receipts are issued upon from now on: what the operator has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// Who sells.
    pub seller: Seller,
    /// VAT rate in hundredths of a per cent: 1900 is 19 %.
    pub vat_rate_basis_points: i64,
}

/// A series of a seller's receipt numbers, named after the second in which it was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptSeries(Timestamp);

impl ReceiptSeries {
    /// The series that is begun in the second of that instant.
    pub fn begun_at(at: Timestamp) -> Self {
        Self(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// The beginning of that second.
    pub fn second(self) -> Timestamp {
        self.0
    }

    /// What a seller's receipts of the series are counted under; those of no series, under the seller's own key.
    pub fn key(series: Option<Self>, seller: &Seller) -> String {
        series.map_or_else(|| seller.key(), |series| format!("{}#{series}", seller.key()))
    }
}

/// In UTC, as in `20261126T153042`.
impl fmt::Display for ReceiptSeries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.strftime("%Y%m%dT%H%M%S"))
    }
}

/// A receipt's number: its position in a series of its seller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptNumber {
    /// Which series; none until the seller begins one.
    pub series: Option<ReceiptSeries>,
    /// From 1, without a gap.
    pub position: i64,
}

/// As it is printed: `IZA-000123`, or `IZA-20261126T153042-000001` in a series. No year in it otherwise: the sequence
/// goes on across years, and a year would look as if it had begun anew.
impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.series {
            Some(series) => write!(f, "IZA-{series}-{:06}", self.position),
            None => write!(f, "IZA-{:06}", self.position),
        }
    }
}

/// A receipt as it was issued; it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Whose purchase.
    pub tenant_id: TenantId,
    /// Which purchase.
    pub purchase_id: PurchaseId,
    /// Its number.
    pub number: ReceiptNumber,
    /// When it got its number.
    pub issued_at: Timestamp,
    /// Seller and VAT rate as they were then.
    pub issuer: Issuer,
    /// The address of who ordered, as it was then.
    pub buyer_email: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seller(name: &str, vat_id: &str) -> Seller {
        Seller { name: name.to_owned(), address: Vec::new(), vat_id: vat_id.to_owned() }
    }

    #[test]
    fn a_seller_who_moves_or_is_renamed_goes_on_counting() {
        assert_eq!(seller("Old name", "DE123456789").key(), seller("New name", "de 123 456 789").key());
        assert_ne!(seller("One", "").key(), seller("Other", "").key());
    }

    #[test]
    fn a_number_keeps_its_width_for_a_million_receipts() {
        let number = |series, position| ReceiptNumber { series, position }.to_string();
        assert_eq!(number(None, 123), "IZA-000123");
        assert_eq!(number(None, 1_234_567), "IZA-1234567");
        let at: Option<Timestamp> = "2026-11-26T16:30:42.9+01:00".parse().ok();
        assert_eq!(number(at.map(ReceiptSeries::begun_at), 1), "IZA-20261126T153042-000001");
    }
}
