//! The columns that a change writes. The parameters of a statement are only numbered, so each value gets its column's
//! name here.

use billing::{ledger::NewEntry, purchase::Purchase, store::StoreError};

use super::row::{json, micros};

/// The columns of a purchase that a change can alter, and those that find it.
pub(crate) struct ChangedPurchaseRow<'a> {
    pub(crate) tenant_id: String,
    pub(crate) id: String,
    /// The version that was read.
    pub(crate) version: i64,
    pub(crate) provider_ref: Option<&'a str>,
    pub(crate) checkout_url: Option<&'a str>,
    pub(crate) payment_ref: Option<&'a str>,
    pub(crate) status: &'static str,
    pub(crate) failure_reason: Option<&'static str>,
    pub(crate) updated_at: i64,
    pub(crate) paid_at: Option<i64>,
    pub(crate) failed_at: Option<i64>,
    pub(crate) refunded_at: Option<i64>,
    pub(crate) reversals_json: String,
}

impl<'a> TryFrom<&'a Purchase> for ChangedPurchaseRow<'a> {
    type Error = StoreError;

    fn try_from(purchase: &'a Purchase) -> Result<Self, StoreError> {
        let checkout = purchase.checkout.as_ref();
        let failure = purchase.state.failure();
        Ok(Self {
            tenant_id: purchase.tenant_id.to_string(),
            id: purchase.id.to_string(),
            version: purchase.version,
            provider_ref: checkout.map(|checkout| checkout.provider_ref.as_str()),
            checkout_url: checkout.map(|checkout| checkout.url.as_str()),
            payment_ref: purchase.payment_ref.as_deref(),
            status: purchase.status().as_str(),
            failure_reason: failure.map(|failed| failed.reason.as_str()),
            updated_at: micros(purchase.updated_at),
            paid_at: purchase.state.paid_at().map(micros),
            failed_at: failure.map(|failed| micros(failed.at)),
            refunded_at: purchase.state.refunded_at().map(micros),
            reversals_json: json(&purchase.reversals)?,
        })
    }
}

/// The columns of a new ledger entry, without those that the database computes.
pub(crate) struct NewEntryRow<'a> {
    pub(crate) id: String,
    pub(crate) tenant_id: String,
    pub(crate) purchase_id: String,
    pub(crate) kind: &'static str,
    pub(crate) effect_ref: &'a str,
    pub(crate) credits: i64,
    pub(crate) created_at: i64,
}

impl<'a> From<&'a NewEntry> for NewEntryRow<'a> {
    fn from(entry: &'a NewEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            tenant_id: entry.tenant_id.to_string(),
            purchase_id: entry.source.id(),
            kind: entry.kind.as_str(),
            effect_ref: &entry.effect_ref,
            credits: entry.credits.0,
            created_at: micros(entry.created_at),
        }
    }
}
