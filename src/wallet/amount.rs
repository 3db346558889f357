//! A number of credits that a request names.

use serde::{Deserialize, Serialize};

use crate::money::Credits;

/// A number of credits from 1 to [`Amount::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Amount(i64);

impl Amount {
    /// The most credits that one request can name.
    pub const MAX: i64 = 1_000_000_000;

    /// As credits; positive.
    pub fn credits(self) -> Credits {
        Credits(self.0)
    }
}

impl TryFrom<i64> for Amount {
    type Error = InvalidAmount;

    fn try_from(credits: i64) -> Result<Self, InvalidAmount> {
        if (1..=Self::MAX).contains(&credits) { Ok(Self(credits)) } else { Err(InvalidAmount) }
    }
}

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

/// The number is not from 1 to [`Amount::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("credits are a whole number from 1 to 1,000,000,000")]
pub struct InvalidAmount;
