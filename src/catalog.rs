//! What is sold. Prices exist here alone: a browser sends a product id, never an amount.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    locale::Locale,
    money::{Credits, Money},
};

/// What kind of thing a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseType {
    /// Prepaid credits.
    Credits,
    /// The IZA Pass.
    IzaPass,
}

impl PurchaseType {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credits => "CREDITS",
            Self::IzaPass => "IZA_PASS",
        }
    }
}

impl fmt::Display for PurchaseType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PurchaseType {
    type Err = UnknownPurchaseType;

    fn from_str(name: &str) -> Result<Self, UnknownPurchaseType> {
        match name {
            "CREDITS" => Ok(Self::Credits),
            "IZA_PASS" => Ok(Self::IzaPass),
            _ => Err(UnknownPurchaseType),
        }
    }
}

/// The name is none of [`PurchaseType`]'s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a purchase type")]
pub struct UnknownPurchaseType;

/// A thing one can buy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Stable id, as the browser sends it.
    pub id: &'static str,
    /// The name on the product card, the checkout page and the receipt; the same in every language.
    pub name: &'static str,
    /// What kind of thing it is.
    pub kind: PurchaseType,
    /// Credits booked when it is paid.
    pub credits: Credits,
    /// Gross price, VAT included.
    pub price: Money,
}

/// Everything on sale, in the order of the shelf.
pub const CATALOG: [Product; 4] = [
    Product {
        id: "credits_1",
        name: "1 Credit",
        kind: PurchaseType::Credits,
        credits: Credits(1),
        price: Money::eur(149),
    },
    Product {
        id: "credits_5",
        name: "5 Credits",
        kind: PurchaseType::Credits,
        credits: Credits(5),
        price: Money::eur(699),
    },
    Product {
        id: "credits_10",
        name: "10 Credits",
        kind: PurchaseType::Credits,
        credits: Credits(10),
        price: Money::eur(1_299),
    },
    Product {
        id: "iza_pass",
        name: "IZA Pass",
        kind: PurchaseType::IzaPass,
        credits: Credits(2),
        price: Money::eur(299),
    },
];

impl Product {
    /// What the product is, where its credits do not say it all.
    pub fn about(&self, locale: Locale) -> Option<&'static str> {
        match (self.kind, locale) {
            (PurchaseType::Credits, _) => None,
            (PurchaseType::IzaPass, Locale::De) => Some("Der Pass für IZA"),
            (PurchaseType::IzaPass, Locale::En) => Some("The pass for IZA"),
        }
    }

    /// The product of that id, if it is on sale.
    pub fn find(id: &str) -> Option<&'static Self> {
        CATALOG.iter().find(|product| product.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_product_can_be_found_and_costs_something() {
        for product in &CATALOG {
            assert_eq!(Product::find(product.id), Some(product));
            assert!(product.price.cents > 0 && product.credits > Credits(0));
        }
        assert_eq!(Product::find("credits_2"), None);
    }
}
