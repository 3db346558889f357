//! The products. Prices exist only here: a browser sends a product id, never an amount.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    locale::Locale,
    money::{Credits, Money},
};

/// The type of a product.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum PurchaseType {
    /// Prepaid credits.
    Credits,
    /// The IZA Pass.
    IzaPass,
}

impl PurchaseType {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A product on sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product {
    /// Stable id, as the browser sends it.
    pub id: &'static str,
    /// The name on the product card, the checkout page and the receipt; the same in every language.
    pub name: &'static str,
    /// The product's type.
    pub kind: PurchaseType,
    /// Credits booked when it is paid.
    pub credits: Credits,
    /// Gross price, VAT included.
    pub price: Money,
}

/// All products, in the order in which they are shown.
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
    /// What the product is, if its number of credits does not say so.
    pub fn about(&self, locale: Locale) -> Option<&'static str> {
        match (self.kind, locale) {
            (PurchaseType::Credits, _) => None,
            (PurchaseType::IzaPass, Locale::De) => Some("Der Pass für IZA"),
            (PurchaseType::IzaPass, Locale::En) => Some("The pass for IZA"),
        }
    }

    /// The product with this id, if it is on sale.
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
