//! What a platform can ask for.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    amount::Amount,
    details::{Details, Reason},
};
use crate::ids::{GrantId, HoldId, SpendId};

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Takes credits for good.
    Spend(SpendLine),
    /// Several spends, all or none.
    SpendBulk(Vec<SpendLine>),
    /// Sets credits aside.
    Hold {
        /// How many.
        credits: Amount,
        /// For how long.
        ttl: Ttl,
        /// What for.
        details: Details,
    },
    /// Spends from a hold.
    Capture {
        /// Which.
        hold: HoldId,
        /// How many; `None` is all that is left.
        credits: Option<Amount>,
        /// Whether the rest is let go.
        last: bool,
        /// What the buyer reads, in place of the hold's description.
        description: Option<String>,
    },
    /// Lets a hold go.
    Release {
        /// Which.
        hold: HoldId,
    },
    /// Gives a hold a new end, and perhaps more credits.
    Extend {
        /// Which.
        hold: HoldId,
        /// From now.
        ttl: Ttl,
        /// How many more.
        credits: Option<Amount>,
    },
    /// Gives back what was spent.
    ReverseSpend {
        /// Of which spend.
        spend: SpendId,
        /// How many; `None` is all that is left.
        credits: Option<Amount>,
        /// Why.
        reason: Reason,
    },
    /// Gives credits that nobody bought.
    Grant {
        /// How many.
        credits: Amount,
        /// Why.
        reason: Reason,
    },
    /// Takes back what was granted.
    ReverseGrant {
        /// Of which grant.
        grant: GrantId,
        /// How many; `None` is all that is left.
        credits: Option<Amount>,
        /// Why.
        reason: Reason,
    },
}

impl Command {
    /// The most spends in one bulk.
    pub const BULK_MAX: usize = 100;

    /// The hold that it is about.
    pub fn hold(&self) -> Option<HoldId> {
        match self {
            Self::Capture { hold, .. } | Self::Release { hold } | Self::Extend { hold, .. } => Some(*hold),
            _ => None,
        }
    }

    /// The spend that it is about.
    pub fn spend(&self) -> Option<SpendId> {
        if let Self::ReverseSpend { spend, .. } = self { Some(*spend) } else { None }
    }

    /// The grant that it is about.
    pub fn grant(&self) -> Option<GrantId> {
        if let Self::ReverseGrant { grant, .. } = self { Some(*grant) } else { None }
    }
}

/// One spend to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpendLine {
    /// How many credits.
    pub credits: Amount,
    /// What for.
    pub details: Details,
}

/// How long a hold lasts: 1 second to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Ttl(i64);

impl Ttl {
    /// The longest, in seconds.
    pub const MAX_SECONDS: i64 = 86_400;

    /// The end of a hold that begins at `now`.
    pub fn end(self, now: Timestamp) -> Timestamp {
        // The clock is thousands of years from the end of what a timestamp can say.
        now.checked_add(SignedDuration::from_secs(self.0)).unwrap_or(Timestamp::MAX)
    }
}

impl Default for Ttl {
    /// 15 minutes.
    fn default() -> Self {
        Self(900)
    }
}

impl TryFrom<i64> for Ttl {
    type Error = InvalidTtl;

    fn try_from(seconds: i64) -> Result<Self, InvalidTtl> {
        if (1..=Self::MAX_SECONDS).contains(&seconds) { Ok(Self(seconds)) } else { Err(InvalidTtl) }
    }
}

impl From<Ttl> for i64 {
    fn from(ttl: Ttl) -> i64 {
        ttl.0
    }
}

/// The number of seconds is not from 1 to [`Ttl::MAX_SECONDS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ttl_seconds is a whole number from 1 to 86,400")]
pub struct InvalidTtl;
