//! The ledger: append-only entries, each with the balance after it.
//!
//! A tenant's entries are numbered from 1 without a gap. Entry `n` has the balance of entry `n - 1` plus its own
//! credits, so the balance is the sum of the entries and is read from the newest one, whether there are ten or ten
//! million. The database checks the chain at every insert and refuses UPDATE and DELETE.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{
    ids::{EntryId, PurchaseId, TenantId},
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
}

impl EntryKind {
    /// The name in the database and the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An entry to be booked. Purchase, kind and effect together are unique: an effect is booked once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// Its id.
    pub id: EntryId,
    /// The tenant whose ledger it is.
    pub tenant_id: TenantId,
    /// The purchase it belongs to.
    pub purchase_id: PurchaseId,
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
