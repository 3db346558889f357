//! The ledger: append-only entries, each with the balance after it.
//!
//! A tenant's entries are numbered from 1 without a gap. Entry `n` has the balance of entry `n - 1` plus its own
//! credits, so the balance is the sum of the entries and is read from the newest one, whether there are ten or ten
//! million. The database checks the chain at every insert and refuses UPDATE and DELETE.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    ids::{EntryId, GrantId, PurchaseId, SpendId, TenantId},
    money::Credits,
};

/// Why an entry was booked.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum EntryKind {
    /// A purchase was paid: credits are added.
    Purchase,
    /// Money was refunded: credits are taken.
    Refund,
    /// A refund failed: its credits come back.
    RefundReversal,
    /// The bank withdraws disputed money: credits are taken.
    Dispute,
    /// The bank gives disputed money back: its credits come back.
    DisputeReversal,
    /// The platform spent credits: they are taken.
    Spend,
    /// A spend was reversed: credits come back.
    SpendReversal,
    /// Credits were granted that nobody bought: they are added.
    Grant,
    /// A grant was reversed: credits are taken.
    GrantReversal,
}

impl EntryKind {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What an entry of this kind belongs to.
    pub fn source_kind(self) -> SourceKind {
        match self {
            Self::Purchase | Self::Refund | Self::RefundReversal | Self::Dispute | Self::DisputeReversal => {
                SourceKind::Purchase
            }
            Self::Spend | Self::SpendReversal => SourceKind::Spend,
            Self::Grant | Self::GrantReversal => SourceKind::Grant,
        }
    }
}

/// What kind of thing an entry belongs to.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SourceKind {
    /// A purchase.
    Purchase,
    /// A spend.
    Spend,
    /// A grant.
    Grant,
}

impl SourceKind {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// What an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// A purchase.
    Purchase(PurchaseId),
    /// A spend.
    Spend(SpendId),
    /// A grant.
    Grant(GrantId),
}

impl Source {
    /// Which kind of thing.
    pub fn kind(self) -> SourceKind {
        match self {
            Self::Purchase(_) => SourceKind::Purchase,
            Self::Spend(_) => SourceKind::Spend,
            Self::Grant(_) => SourceKind::Grant,
        }
    }

    /// Its id, as the database keeps it.
    pub fn id(self) -> String {
        match self {
            Self::Purchase(id) => id.to_string(),
            Self::Spend(id) => id.to_string(),
            Self::Grant(id) => id.to_string(),
        }
    }

    /// The purchase, if it is one.
    pub fn purchase(self) -> Option<PurchaseId> {
        if let Self::Purchase(id) = self { Some(id) } else { None }
    }
}

/// An entry to be booked. Source, kind and effect together are unique: an effect is booked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Its id.
    pub id: EntryId,
    /// The tenant whose ledger it is.
    pub tenant_id: TenantId,
    /// What it belongs to; of the kind that `kind` says.
    pub source: Source,
    /// Why it is booked.
    pub kind: EntryKind,
    /// The effect that is booked: empty for the purchase itself, else the refund or dispute
    /// ([`Posting::effect_ref`](crate::reversal::Posting::effect_ref)).
    pub effect_ref: String,
    /// Added to the balance; negative when credits are taken.
    pub credits: Credits,
    /// When it is booked.
    pub created_at: Timestamp,
}

/// A booked entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was booked.
    pub booked: NewEntry,
    /// Its number in the tenant's ledger, from 1.
    pub seq: i64,
    /// The balance after it.
    pub balance_after: Credits,
}

/// A tenant's credits at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The sum of all entries; negative when overdrawn through refunds and disputes.
    pub credits: Credits,
    /// The number of the newest entry; 0 while there is none.
    pub seq: i64,
}
