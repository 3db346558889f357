//! The receipt (Beleg) of a paid purchase: its number, and the data that must not change once it is issued.
//!
//! Each seller's receipts are numbered from 1 without a gap, in the order in which the purchases were paid. The
//! transaction that settles a purchase does not assign the number, because all purchases of all tenants would then wait
//! for each other. The worker assigns it right after, or the first request for the receipt does
//! ([`Billing::receipt`](crate::Billing::receipt)).
//!
//! After an older back-up was restored, numbers may be in use that the database does not know. The seller then starts a
//! new *series* ([`Billing::begin_receipt_series`](crate::Billing::begin_receipt_series)): its numbers start at 1
//! again, and contain the time at which it was started, to the second.
//!
//! A receipt stores the seller, the VAT rate and the buyer's e-mail address as they were when it was issued. Refunds
//! and disputes are not part of it; pages and PDFs show their present state ([`crate::reversal`]).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{PurchaseId, TenantId};

/// The seller, as named on a receipt.
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
    /// The key of the seller's sequence of numbers: the VAT id, which does not change with name and address, or else
    /// the name.
    pub fn key(&self) -> String {
        let vat_id: String = self.vat_id.chars().filter(|char| !char.is_whitespace()).collect();
        if vat_id.is_empty() { self.name.trim().to_owned() } else { vat_id.to_uppercase() }
    }
}

/// The issuer of new receipts, from the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The seller.
    pub seller: Seller,
    /// VAT rate in hundredths of a per cent: 1900 is 19 %.
    pub vat_rate_basis_points: i64,
}

/// A series of a seller's receipt numbers, named after the second in which it was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptSeries(Timestamp);

impl ReceiptSeries {
    /// The series that is started in the second of this timestamp.
    pub fn begun_at(at: Timestamp) -> Self {
        Self(Timestamp::from_second(at.as_second()).unwrap_or(at))
    }

    /// The beginning of that second.
    pub fn second(self) -> Timestamp {
        self.0
    }

    /// The key of the sequence that the receipts are counted in: the series', or without one the seller's.
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

/// A receipt's number: its position in one of the seller's series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReceiptNumber {
    /// The series; `None` until the seller starts one.
    pub series: Option<ReceiptSeries>,
    /// From 1, without a gap.
    pub position: i64,
}

/// The printed form: `IZA-000123`, or `IZA-20261126T153042-000001` in a series. It contains no year, because the
/// sequence continues across years.
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
    /// The purchase's tenant.
    pub tenant_id: TenantId,
    /// The purchase.
    pub purchase_id: PurchaseId,
    /// Its number.
    pub number: ReceiptNumber,
    /// When it got its number.
    pub issued_at: Timestamp,
    /// Seller and VAT rate at that time.
    pub issuer: Issuer,
    /// The buyer's e-mail address at that time.
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
