//! The receipt (Beleg) of a paid purchase: its number, and what must not change once it is issued.
//!
//! Each seller's receipts are numbered from 1 without a gap, in the order in which the purchases were paid. A number is
//! not given in the transaction that settles a purchase, where all purchases of all tenants would wait for one another,
//! but right after it, by whoever comes first: the worker, or somebody who asks for the receipt
//! ([`Billing::receipt`](crate::Billing::receipt)).
//!
//! With its number a receipt keeps what it was issued upon: the seller, the VAT rate and the buyer's address as they were.
//! What went back of the money is not part of it and is told as it stands ([`crate::reversal`]).

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
    /// Whose sequence of numbers a receipt belongs to: the VAT id names a business whatever it is called and wherever it
    /// is; without one, there is the name.
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

/// A receipt's number in its seller's sequence, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReceiptNumber(pub i64);

/// As it is printed: `IZA-000123`. No year in it: the sequence goes on across years, and a year would look as if it had
/// begun anew.
impl fmt::Display for ReceiptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IZA-{:06}", self.0)
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
        assert_eq!(ReceiptNumber(123).to_string(), "IZA-000123");
        assert_eq!(ReceiptNumber(1_234_567).to_string(), "IZA-1234567");
    }
}
