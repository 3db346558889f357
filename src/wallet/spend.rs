//! Spends, grants, and what is given or taken back of them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::details::{Details, Reason};
use crate::{
    ids::{GrantId, HoldId, ReversalId, SpendId, TenantId},
    money::Credits,
};

/// Credits that were taken for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Its id.
    pub id: SpendId,
    /// Whose credits.
    pub tenant_id: TenantId,
    /// The hold that it was captured from.
    pub hold_id: Option<HoldId>,
    /// How many; positive.
    pub credits: Credits,
    /// How many of them were given back.
    pub reversed: Credits,
    /// What the platform says about it.
    pub details: Details,
    /// When they were taken.
    pub created_at: Timestamp,
}

/// Credits that nobody bought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Whose credits.
    pub tenant_id: TenantId,
    /// How many; positive.
    pub credits: Credits,
    /// How many of them were taken back.
    pub reversed: Credits,
    /// Why.
    pub reason: Reason,
    /// Who gave them: the name of the API key.
    pub granted_by: String,
    /// When they were given.
    pub created_at: Timestamp,
}

/// What a reversal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReversedSource {
    /// It gives back what was spent.
    Spend(SpendId),
    /// It takes back what was granted.
    Grant(GrantId),
}

/// Credits given back of a spend, or taken back of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reversal {
    /// Its id.
    pub id: ReversalId,
    /// Whose credits.
    pub tenant_id: TenantId,
    /// Of what.
    pub source: ReversedSource,
    /// How many; positive.
    pub credits: Credits,
    /// Why.
    pub reason: Reason,
    /// When.
    pub created_at: Timestamp,
}
