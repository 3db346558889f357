//! Converts rows into the domain's types.

use std::str::FromStr;

use billing::{
    catalog::PurchaseType,
    event::StoredEvent,
    ids::{PurchaseId, TenantId},
    ledger::{Entry, EntryKind, NewEntry, Source},
    locale::Locale,
    money::{Credits, Currency, Money},
    purchase::{Checkout, FailureReason, Item, OrderKey, Purchase, State, Status},
    receipt::{ReceiptNumber, ReceiptSeries},
    store::StoreError,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The columns of a [`Purchase`].
pub(crate) struct PurchaseRow {
    pub id: String,
    pub tenant_id: String,
    pub ordered_by: String,
    pub order_key: Option<String>,
    pub provider_ref: Option<String>,
    pub checkout_url: Option<String>,
    pub product_id: String,
    pub kind: String,
    pub status: String,
    pub failure_reason: Option<String>,
    pub amount_cents: i64,
    pub currency: String,
    pub credits_amount: i64,
    pub metadata_json: String,
    pub payment_ref: Option<String>,
    pub reversals_json: String,
    pub receipt_number: Option<i64>,
    pub receipt_series_begun_at: Option<i64>,
    pub created_at: i64,
    pub updated_at: i64,
    pub paid_at: Option<i64>,
    pub failed_at: Option<i64>,
    pub refunded_at: Option<i64>,
    pub version: i64,
}

/// The contents of `metadata_json`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Metadata {
    pub product_name: String,
    pub locale: Locale,
    /// Missing in purchases from before there was a consent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
}

/// Instants are stored as microseconds since 1970.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn instant(micros: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_microsecond(micros).map_err(|_| StoreError::Corrupt(format!("no instant: {micros}")))
}

/// A receipt's number from its two columns.
pub(crate) fn receipt_number(position: i64, series_begun_at: Option<i64>) -> Result<ReceiptNumber, StoreError> {
    let series = series_begun_at.map(instant).transpose()?.map(ReceiptSeries::begun_at);
    Ok(ReceiptNumber { series, position })
}

/// Writes a JSON column.
pub(crate) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Reads a text column as one of the domain's types. The error omits the text, which may be personal data.
pub(crate) fn parse<T: FromStr>(column: &'static str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt(format!("column {column}")))
}

/// The purchase that a row is about, and its tenant.
pub(crate) fn owned_purchase(
    tenant_id: Option<&str>,
    purchase_id: Option<&str>,
) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
    let parsed = |(tenant, purchase)| Ok((parse("tenant_id", tenant)?, parse("purchase_id", purchase)?));
    tenant_id.zip(purchase_id).map(parsed).transpose()
}

/// Replaces NULs, which PostgreSQL cannot store, by replacement characters.
pub(crate) fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

impl TryFrom<PurchaseRow> for Purchase {
    type Error = StoreError;

    fn try_from(row: PurchaseRow) -> Result<Self, StoreError> {
        let corrupt = |what: &str| StoreError::Corrupt(format!("purchase {}: {what}", row.id));
        let metadata: Metadata = serde_json::from_str(&row.metadata_json).map_err(|_| corrupt("metadata_json"))?;
        let reversals = serde_json::from_str(&row.reversals_json).map_err(|_| corrupt("reversals_json"))?;
        let currency: Currency = parse("currency", &row.currency)?;
        let kind: PurchaseType = parse("type", &row.kind)?;
        let status: Status = parse("status", &row.status)?;
        let reason: Option<FailureReason> =
            row.failure_reason.as_deref().map(|reason| parse("failure_reason", reason)).transpose()?;
        let failed_at = row.failed_at.map(instant).transpose()?;
        let state = State::restore(
            status,
            row.paid_at.map(instant).transpose()?,
            reason.zip(failed_at),
            row.refunded_at.map(instant).transpose()?,
        )
        .ok_or_else(|| corrupt("status and its columns contradict each other"))?;
        let order_key: Option<OrderKey> = row.order_key.as_deref().map(|key| parse("order_key", key)).transpose()?;
        Ok(Self {
            id: parse("id", &row.id)?,
            tenant_id: parse("tenant_id", &row.tenant_id)?,
            ordered_by: parse("ordered_by", &row.ordered_by)?,
            order_key,
            item: Item {
                product_id: row.product_id,
                name: metadata.product_name,
                kind,
                credits: Credits(row.credits_amount),
                price: Money { cents: row.amount_cents, currency },
            },
            locale: metadata.locale,
            consent: metadata.consent.as_deref().map(|version| parse("metadata_json", version)).transpose()?,
            checkout: row.provider_ref.zip(row.checkout_url).map(|(provider_ref, url)| Checkout { provider_ref, url }),
            payment_ref: row.payment_ref,
            state,
            reversals,
            receipt_number: row
                .receipt_number
                .map(|position| receipt_number(position, row.receipt_series_begun_at))
                .transpose()?,
            created_at: instant(row.created_at)?,
            updated_at: instant(row.updated_at)?,
            version: row.version,
        })
    }
}

/// What an entry belongs to, from its three columns; exactly one is filled.
fn source(purchase: Option<&str>, spend: Option<&str>, grant: Option<&str>) -> Result<Source, StoreError> {
    match (purchase, spend, grant) {
        (Some(id), None, None) => Ok(Source::Purchase(parse("purchase_id", id)?)),
        (None, Some(id), None) => Ok(Source::Spend(parse("spend_id", id)?)),
        (None, None, Some(id)) => Ok(Source::Grant(parse("grant_id", id)?)),
        _ => Err(StoreError::Corrupt("an entry belongs to one of purchase, spend and grant".to_owned())),
    }
}

/// The columns of `ledger_entries`, without the two that every query filters by.
pub(crate) struct EntryRow {
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
}

impl EntryRow {
    pub(crate) fn entry(self, tenant_id: TenantId) -> Result<Entry, StoreError> {
        let kind: EntryKind = parse("kind", &self.kind)?;
        let booked = NewEntry {
            id: parse("id", &self.id)?,
            tenant_id,
            source: source(self.purchase_id.as_deref(), self.spend_id.as_deref(), self.grant_id.as_deref())?,
            kind,
            effect_ref: self.effect_ref,
            credits: Credits(self.credits),
            created_at: instant(self.created_at)?,
        };
        Ok(Entry { booked, seq: self.seq, balance_after: Credits(self.balance_after) })
    }
}

/// The columns of a [`StoredEvent`].
pub(crate) struct EventRow {
    pub id: String,
    pub provider_event_id: String,
    pub event_type: String,
    pub payload: Vec<u8>,
    pub status: String,
    pub note: String,
    pub attempts: i64,
    pub received_at: i64,
    pub tenant_id: Option<String>,
    pub purchase_id: Option<String>,
}

impl TryFrom<EventRow> for StoredEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse("id", &row.id)?,
            provider_event_id: row.provider_event_id,
            event_type: row.event_type,
            payload: row.payload,
            status: parse("status", &row.status)?,
            note: row.note,
            attempts: row.attempts,
            received_at: instant(row.received_at)?,
            purchase: owned_purchase(row.tenant_id.as_deref(), row.purchase_id.as_deref())?,
        })
    }
}
