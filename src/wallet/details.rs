//! What the platform says about a spend or a hold.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The platform's own id of a job, of 1 to [`Reference::MAX`] characters. Shown to the operator.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// Why credits were granted, given back or taken back, in 1 to [`Reason::MAX`] characters. Shown to the buyer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

macro_rules! bounded_text {
    ($name:ident, $max:literal, $field:literal) => {
        impl $name {
            /// The most characters.
            pub const MAX: usize = $max;

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidDetails;

            fn try_from(text: String) -> Result<Self, InvalidDetails> {
                if text.trim().is_empty() {
                    return Err(InvalidDetails(concat!($field, " is empty")));
                }
                within(&text, $max, concat!($field, " has more than ", $max, " characters, or control characters"))?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }
    };
}

bounded_text!(Reference, 200, "reference");
bounded_text!(Reason, 500, "reason");

/// What the platform says about a spend or a hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Details {
    /// Its own id of the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// What the buyer reads in the ledger; at most [`Details::DESCRIPTION_MAX`] characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Pairs of its own. Shown to the operator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

impl Details {
    /// The most characters of a description.
    pub const DESCRIPTION_MAX: usize = 500;
    /// The most pairs of metadata.
    pub const PAIRS_MAX: usize = 20;
    /// The most characters of a pair's key.
    pub const KEY_MAX: usize = 40;
    /// The most characters of a pair's value.
    pub const VALUE_MAX: usize = 500;

    /// Checks the limits; an empty description is none.
    pub fn new(
        reference: Option<String>,
        description: Option<String>,
        metadata: BTreeMap<String, String>,
    ) -> Result<Self, InvalidDetails> {
        let description = description.filter(|text| !text.trim().is_empty());
        if let Some(text) = &description {
            let wrong = "description has more than 500 characters, or control characters";
            within(text, Self::DESCRIPTION_MAX, wrong)?;
        }
        if metadata.len() > Self::PAIRS_MAX {
            return Err(InvalidDetails("metadata has more than 20 pairs"));
        }
        for (key, value) in &metadata {
            if key.is_empty() {
                return Err(InvalidDetails("a key of metadata is empty"));
            }
            within(key, Self::KEY_MAX, "a key of metadata has more than 40 characters, or control characters")?;
            within(value, Self::VALUE_MAX, "a value of metadata has more than 500 characters, or control characters")?;
        }
        Ok(Self { reference: reference.map(Reference::try_from).transpose()?, description, metadata })
    }
}

/// What is wrong with a text, for the platform's developer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidDetails(pub &'static str);

/// PostgreSQL cannot keep U+0000, and no other control character is of use in a line of text.
fn within(text: &str, max: usize, wrong: &'static str) -> Result<(), InvalidDetails> {
    if text.chars().count() > max || text.chars().any(char::is_control) { Err(InvalidDetails(wrong)) } else { Ok(()) }
}
