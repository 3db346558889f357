//! The wallet's rows, as they are read and as they are written: many at once, in a JSON array whose names are the columns'.

use std::collections::BTreeMap;

use billing::{
    ledger::{Entry, Source as Belongs},
    money::Credits,
    store::{DescribedEntry, StoreError},
    wallet::{
        Details, Fingerprint, Grant, Hold, IdempotencyKey, KeyRecord, Outcome, Posting, Reason, Reference, Reversal,
        ReversedSource, Source, Spend,
    },
};
use serde::Serialize;

use super::row::{EntryRow, instant, json, micros, parse};

/// Rows as a JSON array; `None` when there are none.
pub(crate) fn rows<R: Serialize>(rows: &[R]) -> Result<Option<String>, StoreError> {
    if rows.is_empty() { Ok(None) } else { json(&rows).map(Some) }
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt(format!("column {column}"))
}

fn details(reference: Option<String>, description: Option<String>, metadata_json: &str) -> Result<Details, StoreError> {
    let reference = reference.map(Reference::try_from).transpose().map_err(|_| corrupt("reference"))?;
    Ok(Details { reference, description, metadata: metadata(metadata_json)? })
}

fn metadata(json: &str) -> Result<BTreeMap<String, String>, StoreError> {
    serde_json::from_str(json).map_err(|_| corrupt("metadata_json"))
}

/// A tenant that exists, and its newest entry.
pub(crate) struct WalletRow {
    pub tenant_id: String,
    pub seq: Option<i64>,
    pub balance_after: Option<i64>,
    pub low_balance: Option<i64>,
}

/// The columns of `holds`.
#[derive(Serialize)]
pub(crate) struct HoldRow {
    pub id: String,
    pub tenant_id: String,
    pub credits: i64,
    pub captured: i64,
    pub status: String,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub metadata_json: String,
    pub created_at: i64,
    pub updated_at: i64,
    pub expires_at: i64,
    pub finished_at: Option<i64>,
}

impl HoldRow {
    pub(crate) fn new(hold: &Hold) -> Result<Self, StoreError> {
        Ok(Self {
            id: hold.id.to_string(),
            tenant_id: hold.tenant_id.to_string(),
            credits: hold.credits.0,
            captured: hold.captured.0,
            status: hold.status.as_str().to_owned(),
            reference: hold.details.reference.clone().map(String::from),
            description: hold.details.description.clone(),
            metadata_json: json(&hold.details.metadata)?,
            created_at: micros(hold.created_at),
            updated_at: micros(hold.updated_at),
            expires_at: micros(hold.expires_at),
            finished_at: hold.finished_at.map(micros),
        })
    }
}

impl TryFrom<HoldRow> for Hold {
    type Error = StoreError;

    fn try_from(row: HoldRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse("id", &row.id)?,
            tenant_id: parse("tenant_id", &row.tenant_id)?,
            credits: Credits(row.credits),
            captured: Credits(row.captured),
            status: parse("status", &row.status)?,
            details: details(row.reference, row.description, &row.metadata_json)?,
            created_at: instant(row.created_at)?,
            updated_at: instant(row.updated_at)?,
            expires_at: instant(row.expires_at)?,
            finished_at: row.finished_at.map(instant).transpose()?,
        })
    }
}

/// The columns of `spends`.
#[derive(Serialize)]
pub(crate) struct SpendRow {
    id: String,
    tenant_id: String,
    hold_id: Option<String>,
    credits: i64,
    reference: Option<String>,
    description: Option<String>,
    metadata_json: String,
    created_at: i64,
}

impl SpendRow {
    /// Those among the postings.
    pub(crate) fn of(postings: &[Posting]) -> Result<Vec<Self>, StoreError> {
        let spends = postings.iter().filter_map(|posting| match &posting.source {
            Source::Spend(spend) => Some(spend),
            _ => None,
        });
        spends.map(Self::new).collect()
    }

    fn new(spend: &Spend) -> Result<Self, StoreError> {
        Ok(Self {
            id: spend.id.to_string(),
            tenant_id: spend.tenant_id.to_string(),
            hold_id: spend.hold_id.map(|id| id.to_string()),
            credits: spend.credits.0,
            reference: spend.details.reference.clone().map(String::from),
            description: spend.details.description.clone(),
            metadata_json: json(&spend.details.metadata)?,
            created_at: micros(spend.created_at),
        })
    }
}

/// A row of `spends`, and what was given back of it.
pub(crate) struct StoredSpend {
    pub id: String,
    pub tenant_id: String,
    pub hold_id: Option<String>,
    pub credits: i64,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub metadata_json: String,
    pub created_at: i64,
    pub reversed: i64,
}

impl TryFrom<StoredSpend> for Spend {
    type Error = StoreError;

    fn try_from(row: StoredSpend) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse("id", &row.id)?,
            tenant_id: parse("tenant_id", &row.tenant_id)?,
            hold_id: row.hold_id.map(|id| parse("hold_id", &id)).transpose()?,
            credits: Credits(row.credits),
            reversed: Credits(row.reversed),
            details: details(row.reference, row.description, &row.metadata_json)?,
            created_at: instant(row.created_at)?,
        })
    }
}

/// A row of `grants`, and what was taken back of it; written without that.
#[derive(Serialize)]
pub(crate) struct StoredGrant {
    pub id: String,
    pub tenant_id: String,
    pub credits: i64,
    pub reason: String,
    pub granted_by: String,
    pub created_at: i64,
    #[serde(skip)]
    pub reversed: i64,
}

impl StoredGrant {
    /// Those among the postings.
    pub(crate) fn of(postings: &[Posting]) -> Vec<Self> {
        let grants = postings.iter().filter_map(|posting| match &posting.source {
            Source::Grant(grant) => Some(grant),
            _ => None,
        });
        grants
            .map(|grant| Self {
                id: grant.id.to_string(),
                tenant_id: grant.tenant_id.to_string(),
                credits: grant.credits.0,
                reason: grant.reason.as_str().to_owned(),
                granted_by: grant.granted_by.clone(),
                created_at: micros(grant.created_at),
                reversed: 0,
            })
            .collect()
    }

    pub(crate) fn grant(self) -> Result<Grant, StoreError> {
        Ok(Grant {
            id: parse("id", &self.id)?,
            tenant_id: parse("tenant_id", &self.tenant_id)?,
            credits: Credits(self.credits),
            reversed: Credits(self.reversed),
            reason: Reason::try_from(self.reason).map_err(|_| corrupt("reason"))?,
            granted_by: self.granted_by,
            created_at: instant(self.created_at)?,
        })
    }
}

/// The columns of `wallet_reversals`.
#[derive(Serialize)]
pub(crate) struct ReversalRow {
    id: String,
    tenant_id: String,
    spend_id: Option<String>,
    grant_id: Option<String>,
    credits: i64,
    reason: String,
    created_at: i64,
}

impl ReversalRow {
    /// Those among the postings.
    pub(crate) fn of(postings: &[Posting]) -> Vec<Self> {
        let reversals = postings.iter().filter_map(|posting| match &posting.source {
            Source::Reversal(reversal) => Some(reversal),
            _ => None,
        });
        reversals.map(Self::new).collect()
    }

    fn new(reversal: &Reversal) -> Self {
        let (spend_id, grant_id) = match reversal.source {
            ReversedSource::Spend(id) => (Some(id.to_string()), None),
            ReversedSource::Grant(id) => (None, Some(id.to_string())),
        };
        Self {
            id: reversal.id.to_string(),
            tenant_id: reversal.tenant_id.to_string(),
            spend_id,
            grant_id,
            credits: reversal.credits.0,
            reason: reversal.reason.as_str().to_owned(),
            created_at: micros(reversal.created_at),
        }
    }
}

/// The columns of `ledger_entries`, as they are written.
#[derive(Serialize)]
pub(crate) struct EntryInsert {
    id: String,
    tenant_id: String,
    seq: i64,
    purchase_id: Option<String>,
    spend_id: Option<String>,
    grant_id: Option<String>,
    kind: &'static str,
    effect_ref: String,
    credits: i64,
    balance_after: i64,
    created_at: i64,
}

impl EntryInsert {
    pub(crate) fn new(entry: &Entry) -> Self {
        let booked = &entry.booked;
        let id = booked.source.id();
        let (purchase_id, spend_id, grant_id) = match booked.source {
            Belongs::Purchase(_) => (Some(id), None, None),
            Belongs::Spend(_) => (None, Some(id), None),
            Belongs::Grant(_) => (None, None, Some(id)),
        };
        Self {
            id: booked.id.to_string(),
            tenant_id: booked.tenant_id.to_string(),
            seq: entry.seq,
            purchase_id,
            spend_id,
            grant_id,
            kind: booked.kind.as_str(),
            effect_ref: booked.effect_ref.clone(),
            credits: booked.credits.0,
            balance_after: entry.balance_after.0,
            created_at: micros(booked.created_at),
        }
    }
}

/// The columns of `idempotency_keys`.
#[derive(Serialize)]
pub(crate) struct KeyRow {
    pub key: String,
    pub tenant_id: String,
    pub fingerprint: String,
    pub done: bool,
    pub outcome_json: String,
    pub created_at: i64,
}

impl KeyRow {
    pub(crate) fn new(record: &KeyRecord) -> Result<Self, StoreError> {
        Ok(Self {
            key: record.key.as_str().to_owned(),
            tenant_id: record.tenant_id.to_string(),
            fingerprint: record.fingerprint.as_str().to_owned(),
            done: matches!(record.outcome, Outcome::Done { .. }),
            outcome_json: json(&record.outcome)?,
            created_at: micros(record.created_at),
        })
    }

    pub(crate) fn record(self) -> Result<KeyRecord, StoreError> {
        Ok(KeyRecord {
            key: IdempotencyKey::try_from(self.key).map_err(|_| corrupt("key"))?,
            tenant_id: parse("tenant_id", &self.tenant_id)?,
            fingerprint: Fingerprint::from_stored(self.fingerprint),
            outcome: serde_json::from_str(&self.outcome_json).map_err(|_| corrupt("outcome_json"))?,
            created_at: instant(self.created_at)?,
        })
    }
}

/// The columns of an entry, and what is known of its source.
pub(crate) struct DescribedRow {
    pub id: String,
    pub purchase_id: Option<String>,
    pub spend_id: Option<String>,
    pub grant_id: Option<String>,
    pub seq: i64,
    pub kind: String,
    pub effect_ref: String,
    pub credits: i64,
    pub balance_after: i64,
    pub created_at: i64,
    pub reference: Option<String>,
    pub description: Option<String>,
    pub metadata_json: Option<String>,
}

impl DescribedRow {
    pub(crate) fn described(self, tenant: billing::ids::TenantId) -> Result<DescribedEntry, StoreError> {
        let entry = EntryRow {
            id: self.id,
            purchase_id: self.purchase_id,
            spend_id: self.spend_id,
            grant_id: self.grant_id,
            seq: self.seq,
            kind: self.kind,
            effect_ref: self.effect_ref,
            credits: self.credits,
            balance_after: self.balance_after,
            created_at: self.created_at,
        };
        Ok(DescribedEntry {
            entry: entry.entry(tenant)?,
            reference: self.reference.map(Reference::try_from).transpose().map_err(|_| corrupt("reference"))?,
            description: self.description,
            metadata: self.metadata_json.as_deref().map(metadata).transpose()?.unwrap_or_default(),
        })
    }
}
