//! Which effects the platform is told of.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};
use uuid::Uuid;

use crate::{
    ids::{EntryId, HoldId, TenantId, WebhookEventId},
    ledger::{EntryKind, NewEntry},
    money::Credits,
    wallet::{Changes, Hold, LowBalance},
};

/// What an event tells.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
pub enum WebhookEventType {
    /// A purchase was paid: its credits are there.
    #[serde(rename = "purchase.paid")]
    #[strum(serialize = "purchase.paid")]
    PurchasePaid,
    /// Money was refunded: credits were taken.
    #[serde(rename = "purchase.refunded")]
    #[strum(serialize = "purchase.refunded")]
    PurchaseRefunded,
    /// The bank withdrew disputed money: credits were taken.
    #[serde(rename = "purchase.disputed")]
    #[strum(serialize = "purchase.disputed")]
    PurchaseDisputed,
    /// The balance has fallen below the tenant's threshold.
    #[serde(rename = "balance.low")]
    #[strum(serialize = "balance.low")]
    BalanceLow,
    /// A hold's time is over: its rest is available again.
    #[serde(rename = "hold.expired")]
    #[strum(serialize = "hold.expired")]
    HoldExpired,
    /// Credits of a spend were given back.
    #[serde(rename = "spend.reversed")]
    #[strum(serialize = "spend.reversed")]
    SpendReversed,
    /// Credits were granted.
    #[serde(rename = "grant.made")]
    #[strum(serialize = "grant.made")]
    GrantMade,
}

impl WebhookEventType {
    /// The name in the database, in payloads and on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What an entry of that kind tells.
    fn of(kind: EntryKind) -> Option<Self> {
        match kind {
            EntryKind::Purchase => Some(Self::PurchasePaid),
            EntryKind::Refund => Some(Self::PurchaseRefunded),
            EntryKind::Dispute => Some(Self::PurchaseDisputed),
            EntryKind::SpendReversal => Some(Self::SpendReversed),
            EntryKind::Grant => Some(Self::GrantMade),
            EntryKind::RefundReversal | EntryKind::DisputeReversal | EntryKind::Spend | EntryKind::GrantReversal => {
                None
            }
        }
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSubject {
    /// A ledger entry.
    Entry(EntryId),
    /// A hold.
    Hold(HoldId),
}

/// What the platform is to hear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// Its id, the `webhook-id` of every attempt. It follows from type and subject: an effect has one event of a type.
    pub id: WebhookEventId,
    /// What it tells.
    pub event_type: WebhookEventType,
    /// Whose credits.
    pub tenant_id: TenantId,
    /// What it is about.
    pub subject: EventSubject,
    /// When it happened.
    pub created_at: Timestamp,
}

impl WebhookEvent {
    fn about_entry(event_type: WebhookEventType, entry: &NewEntry) -> Self {
        let (tenant_id, created_at) = (entry.tenant_id, entry.created_at);
        let id = event_id(created_at, &[event_type.as_str(), &entry.id.to_string()]);
        Self { id, event_type, tenant_id, subject: EventSubject::Entry(entry.id), created_at }
    }

    /// That the balance has fallen below the tenant's threshold, by that entry.
    pub fn low_balance(entry: &NewEntry) -> Self {
        Self::about_entry(WebhookEventType::BalanceLow, entry)
    }

    /// That a hold's time is over. One that was extended afterwards can expire once more.
    pub fn hold_expired(hold: &Hold) -> Self {
        let event_type = WebhookEventType::HoldExpired;
        let end = hold.expires_at;
        let id = event_id(end, &[event_type.as_str(), &hold.id.to_string(), &end.to_string()]);
        Self { id, event_type, tenant_id: hold.tenant_id, subject: EventSubject::Hold(hold.id), created_at: end }
    }
}

/// A `UUIDv7` of that instant whose other bits follow from what the event is about.
fn event_id(at: Timestamp, about: &[&str]) -> WebhookEventId {
    let digest = Sha256::digest(about.join(" "));
    let mut bytes = [0; 10];
    bytes.copy_from_slice(&digest[..10]);
    let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
    let uuid: Uuid = uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid();
    WebhookEventId::from_uuid(uuid)
}

/// The event that an entry owes by its kind.
pub fn owed_by_entry(entry: &NewEntry) -> Option<WebhookEvent> {
    WebhookEventType::of(entry.kind).map(|event_type| WebhookEvent::about_entry(event_type, entry))
}

/// The events that entries owe which are booked in this order upon a balance.
pub fn owed_by_entries(entries: &[NewEntry], balance: Credits, low_balance: Option<Credits>) -> Vec<WebhookEvent> {
    let mut owed = Vec::new();
    let mut before = balance;
    for entry in entries {
        owed.extend(owed_by_entry(entry));
        let after = Credits(before.0.saturating_add(entry.credits.0));
        if LowBalance::is_reached(low_balance, before, after) {
            owed.push(WebhookEvent::low_balance(entry));
        }
        before = after;
    }
    owed
}

/// The events that the changes of a wallet owe.
pub fn owed_by_changes(changes: &Changes) -> Vec<WebhookEvent> {
    let entries = || changes.waves.iter().flat_map(|wave| &wave.postings).map(|posting| &posting.entry.booked);
    let low = entries().filter(|entry| changes.low_balances.iter().any(|low| low.entry_id == entry.id));
    entries().filter_map(owed_by_entry).chain(low.map(WebhookEvent::low_balance)).collect()
}
