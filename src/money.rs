//! Money in whole cents, and credits. Arithmetic that can overflow is checked.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

/// A currency that the shop sells in, by its ISO 4217 code. Parsing ignores case: Stripe writes `eur`, the shop `EUR`.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE", ascii_case_insensitive)]
pub enum Currency {
    /// Euro, two decimal places.
    Eur,
}

impl Currency {
    /// The ISO 4217 code in capitals, as the database and the API write it.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// In the currency's smallest unit.
    pub cents: i64,
    /// The currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in euro cents.
    pub const fn eur(cents: i64) -> Self {
        Self { cents, currency: Currency::Eur }
    }

    /// Splits a gross amount into net and tax, both in cents, rounding the tax half up to the cent.
    ///
    /// `rate_basis_points` is the VAT rate in hundredths of a per cent: 1900 is 19 %.
    /// `None` for a negative rate or amount, or when the arithmetic leaves `i64`.
    pub fn split_vat(self, rate_basis_points: i64) -> Option<VatSplit> {
        if rate_basis_points < 0 || self.cents < 0 {
            return None;
        }
        let whole = rate_basis_points.checked_add(10_000)?;
        // tax = gross * rate / (1 + rate); adding half the divisor rounds half up.
        let tax = self.cents.checked_mul(rate_basis_points)?.checked_add(whole / 2)? / whole;
        Some(VatSplit { net: Self { cents: self.cents - tax, ..self }, tax: Self { cents: tax, ..self } })
    }
}

/// A gross amount, split; `net + tax` is the gross amount to the cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VatSplit {
    /// Without VAT.
    pub net: Money,
    /// The VAT in it.
    pub tax: Money,
}

/// A number of credits; negative when credits are taken, and for an overdrawn balance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Credits(pub i64);

impl Credits {
    /// The sum, or `None` when it leaves `i64`.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, or `None` when it leaves `i64`.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

impl fmt::Display for Credits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn net_and_tax_add_up_to_gross(cents in 0..100_000_000_i64, rate in 0..5_000_i64) {
            let split = Money::eur(cents).split_vat(rate).ok_or(TestCaseError::fail("no split"))?;
            prop_assert_eq!(split.net.cents + split.tax.cents, cents);
            // The tax is within half a cent of the exact one.
            let exact = i128::from(cents) * i128::from(rate);
            let off = i128::from(split.tax.cents) * i128::from(10_000 + rate) - exact;
            prop_assert!(off.abs() * 2 <= i128::from(10_000 + rate));
        }

        #[test]
        fn no_amount_makes_the_arithmetic_wrap(cents in any::<i64>(), rate in any::<i64>()) {
            if let Some(split) = Money::eur(cents).split_vat(rate) {
                prop_assert_eq!(split.net.cents.checked_add(split.tax.cents), Some(cents));
            }
        }
    }

    #[test]
    fn german_vat_in_the_price_of_one_credit() {
        let split = Money::eur(149).split_vat(1_900);
        assert_eq!(split, Some(VatSplit { net: Money::eur(125), tax: Money::eur(24) }));
    }
}
