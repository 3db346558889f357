//! What came of a request.

use serde::{Deserialize, Serialize};

use super::{
    funds::Funds,
    hold::Hold,
    spend::{Grant, Reversal, Spend},
};
use crate::money::Credits;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What came of it.
    pub outcome: Outcome,
    /// Whether the key was used before, and this is the first answer again.
    pub replayed: bool,
}

/// What came of a request. It is stored with the idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done {
        /// What was written.
        written: Box<Booked>,
        /// What the tenant has afterwards.
        funds: Funds,
    },
    /// It was refused, and nothing was written.
    Refused(Refusal),
}

/// What was written for a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booked {
    /// A spend.
    Spend(Spend),
    /// Several spends, in the order of the lines.
    Spends(Vec<Spend>),
    /// A hold that was made, released or extended, as it then stands.
    Hold(Hold),
    /// A capture.
    Capture {
        /// The hold, as it then stands.
        hold: Hold,
        /// What was spent.
        spend: Spend,
    },
    /// A reversal of a spend.
    SpendReversal {
        /// The reversal.
        reversal: Reversal,
        /// The spend, as it then stands.
        spend: Spend,
    },
    /// A grant.
    Grant(Grant),
    /// A reversal of a grant.
    GrantReversal {
        /// The reversal.
        reversal: Reversal,
        /// The grant, as it then stands.
        grant: Grant,
    },
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// Not enough is available.
    InsufficientCredits {
        /// How many credits the request needs.
        required: Credits,
        /// What the tenant has.
        funds: Funds,
    },
    /// The tenant has [`HOLDS_MAX`](super::HOLDS_MAX) active holds.
    TooManyHolds,
    /// The hold would have more credits than one request can name.
    HoldTooLarge,
    /// The API key has spent its credits of this day (UTC).
    DailyCap,
    /// The tenant has no such hold, spend or grant.
    NotFound,
    /// More is to be captured than is left of the hold.
    ExceedsHold {
        /// What is left.
        left: Credits,
    },
    /// The hold was captured for the last time, or released.
    HoldFinished,
    /// The hold's time is over, and what is available does not cover it.
    HoldExpired {
        /// What the tenant has.
        funds: Funds,
    },
    /// More is to be given back than is left of the spend.
    ExceedsSpend {
        /// What is left.
        left: Credits,
    },
    /// More is to be taken back than is left of the grant.
    ExceedsGrant {
        /// What is left.
        left: Credits,
    },
    /// The balance would leave what a database can keep.
    BalanceOutOfRange,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The API key that asks is revoked.
    ApiKeyRevoked,
}

impl Refusal {
    /// Whether the key keeps this answer. A limit that passes by itself, and what may yet come to be, is tried again with
    /// the same key.
    pub fn is_kept(self) -> bool {
        match self {
            Self::InsufficientCredits { .. }
            | Self::ExceedsHold { .. }
            | Self::HoldFinished
            | Self::HoldExpired { .. }
            | Self::ExceedsSpend { .. }
            | Self::ExceedsGrant { .. }
            | Self::BalanceOutOfRange => true,
            Self::TooManyHolds
            | Self::HoldTooLarge
            | Self::DailyCap
            | Self::NotFound
            | Self::KeyReused
            | Self::ApiKeyRevoked => false,
        }
    }
}
