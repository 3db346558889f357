//! What the calls show.

use std::collections::BTreeMap;

use billing::{
    ids::{GrantId, HoldId, ReversalId, SpendId, TenantId},
    ledger::{EntryKind, SourceKind},
    store::DescribedEntry,
    tenant::Tenant,
    wallet::{Funds, Grant, Hold, HoldStatus, Reversal, Spend},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// What a tenant has at one moment.
#[derive(Serialize, ToSchema)]
#[schema(as = Funds)]
pub struct FundsView {
    /// The sum of the ledger entries; negative when overdrawn through refunds, disputes and reversals of grants.
    balance: i64,
    /// Set aside by active holds.
    #[schema(minimum = 0)]
    held: i64,
    /// What can be spent or held: `balance - held`.
    available: i64,
    /// The number of the newest ledger entry. Of two answers, the one with the greater number is the newer one.
    #[schema(minimum = 0)]
    seq: i64,
}

impl From<Funds> for FundsView {
    fn from(funds: Funds) -> Self {
        Self { balance: funds.balance.0, held: funds.held.0, available: funds.available().0, seq: funds.seq }
    }
}

/// A tenant as the platform knows it.
#[derive(Serialize, ToSchema)]
#[schema(as = Tenant)]
pub struct TenantView {
    /// The platform's own name for it.
    external_id: String,
    /// The shop's id of it.
    #[schema(value_type = String, format = "uuid")]
    id: TenantId,
    #[schema(format = Email)]
    email: Option<String>,
    name: Option<String>,
    /// Below which balance the platform is told.
    low_balance: Option<i64>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        Self {
            external_id: tenant.external_id.into(),
            id: tenant.id,
            email: tenant.email.map(|email| email.as_str().to_owned()),
            name: tenant.name,
            low_balance: tenant.low_balance.map(|credits| credits.0),
            created_at: tenant.created_at,
        }
    }
}

/// Credits that were taken for good.
#[derive(Serialize, ToSchema)]
#[schema(as = Spend)]
pub struct SpendView {
    #[schema(value_type = String, format = "uuid")]
    id: SpendId,
    /// The hold that it was captured from.
    #[schema(value_type = Option<String>, format = "uuid")]
    hold_id: Option<HoldId>,
    #[schema(minimum = 1)]
    credits: i64,
    /// How many of them were given back.
    #[schema(minimum = 0)]
    reversed: i64,
    reference: Option<String>,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Spend> for SpendView {
    fn from(spend: Spend) -> Self {
        Self {
            id: spend.id,
            hold_id: spend.hold_id,
            credits: spend.credits.0,
            reversed: spend.reversed.0,
            reference: spend.details.reference.map(String::from),
            description: spend.details.description,
            metadata: spend.details.metadata,
            created_at: spend.created_at,
        }
    }
}

/// Credits that are set aside for a job.
#[derive(Serialize, ToSchema)]
#[schema(as = Hold)]
pub struct HoldView {
    #[schema(value_type = String, format = "uuid")]
    id: HoldId,
    status: HoldStatus,
    /// How many were set aside in all.
    #[schema(minimum = 1)]
    credits: i64,
    /// How many of them were captured.
    #[schema(minimum = 0)]
    captured: i64,
    reference: Option<String>,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
    /// From this instant on it holds nothing.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// When it was captured for the last time, or released.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
}

impl From<Hold> for HoldView {
    fn from(hold: Hold) -> Self {
        Self {
            id: hold.id,
            status: hold.status,
            credits: hold.credits.0,
            captured: hold.captured.0,
            reference: hold.details.reference.map(String::from),
            description: hold.details.description,
            metadata: hold.details.metadata,
            created_at: hold.created_at,
            updated_at: hold.updated_at,
            expires_at: hold.expires_at,
            finished_at: hold.finished_at,
        }
    }
}

/// Credits that nobody bought.
#[derive(Serialize, ToSchema)]
#[schema(as = Grant)]
pub struct GrantView {
    #[schema(value_type = String, format = "uuid")]
    id: GrantId,
    #[schema(minimum = 1)]
    credits: i64,
    /// How many of them were taken back.
    #[schema(minimum = 0)]
    reversed: i64,
    reason: String,
    /// The name of the API key that gave them.
    granted_by: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Grant> for GrantView {
    fn from(grant: Grant) -> Self {
        Self {
            id: grant.id,
            credits: grant.credits.0,
            reversed: grant.reversed.0,
            reason: grant.reason.into(),
            granted_by: grant.granted_by,
            created_at: grant.created_at,
        }
    }
}

/// Credits given back of a spend, or taken back of a grant.
#[derive(Serialize, ToSchema)]
#[schema(as = Reversal)]
pub struct ReversalView {
    #[schema(value_type = String, format = "uuid")]
    id: ReversalId,
    #[schema(minimum = 1)]
    credits: i64,
    reason: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<Reversal> for ReversalView {
    fn from(reversal: Reversal) -> Self {
        Self {
            id: reversal.id,
            credits: reversal.credits.0,
            reason: reversal.reason.into(),
            created_at: reversal.created_at,
        }
    }
}

/// An entry of the ledger, with what is known of what it belongs to.
#[derive(Serialize, ToSchema)]
#[schema(as = TenantEntry)]
pub struct DescribedEntryView {
    /// Its number in the tenant's ledger, from 1.
    #[schema(minimum = 1)]
    seq: i64,
    kind: EntryKind,
    /// Added to the balance; negative takes.
    credits: i64,
    balance_after: i64,
    /// What it belongs to.
    source_kind: SourceKind,
    #[schema(format = "uuid")]
    source_id: String,
    /// Of the spend.
    reference: Option<String>,
    /// Of the spend, or why credits were granted or reversed.
    description: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

impl From<DescribedEntry> for DescribedEntryView {
    fn from(described: DescribedEntry) -> Self {
        let entry = described.entry;
        Self {
            seq: entry.seq,
            kind: entry.booked.kind,
            credits: entry.booked.credits.0,
            balance_after: entry.balance_after.0,
            source_kind: entry.booked.source.kind(),
            source_id: entry.booked.source.id(),
            reference: described.reference.map(String::from),
            description: described.description,
            created_at: entry.booked.created_at,
        }
    }
}
