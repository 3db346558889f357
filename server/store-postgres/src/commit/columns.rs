//! The parameters of the one statement: an array for each column of the rows that changes have. The rows of a change have
//! its place.

use billing::{
    event::{ClosedEvent, NewEvent},
    ledger::NewEntry,
    money::Credits,
    outgoing_webhook::{WebhookEvent, owed_by_entry},
    store::{Change, StoreError},
};

use crate::portable::{
    change_rows::{ChangedPurchaseRow, NewEntryRow},
    mails::NewMailRow,
    row::{micros, without_nul},
};

/// The columns of a group of changes.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) purchases: PurchaseColumns<'a>,
    pub(super) events: EventColumns<'a>,
    pub(super) entries: EntryColumns,
    pub(super) mails: MailColumns,
    pub(super) webhooks: WebhookColumns,
}

impl<'a> Columns<'a> {
    /// Those of changes in this order; the first one has place 1.
    pub(super) fn of(changes: &[&'a Change]) -> Result<Self, StoreError> {
        let mut columns = Self::default();
        for (change, place) in changes.iter().zip(1..) {
            columns.purchases.push((&change.purchase).try_into()?);
            columns.events.push(change.event.as_ref().map(ClosedEventRow::from).unwrap_or_default());
            for entry in &change.entries {
                columns.entries.push(entry.into(), place);
                columns.webhooks.push(entry);
            }
            for mail in &change.outbox {
                columns.mails.push(mail.into(), place);
            }
        }
        Ok(columns)
    }
}

/// The columns of purchases, one of each change.
#[derive(Default)]
pub(super) struct PurchaseColumns<'a> {
    pub(super) tenant_id: Vec<String>,
    pub(super) id: Vec<String>,
    pub(super) version: Vec<i64>,
    pub(super) provider_ref: Vec<Option<&'a str>>,
    pub(super) checkout_url: Vec<Option<&'a str>>,
    pub(super) payment_ref: Vec<Option<&'a str>>,
    pub(super) status: Vec<&'static str>,
    pub(super) failure_reason: Vec<Option<&'static str>>,
    pub(super) updated_at: Vec<i64>,
    pub(super) paid_at: Vec<Option<i64>>,
    pub(super) failed_at: Vec<Option<i64>>,
    pub(super) refunded_at: Vec<Option<i64>>,
    pub(super) reversals_json: Vec<String>,
}

impl<'a> PurchaseColumns<'a> {
    fn push(&mut self, row: ChangedPurchaseRow<'a>) {
        self.tenant_id.push(row.tenant_id);
        self.id.push(row.id);
        self.version.push(row.version);
        self.provider_ref.push(row.provider_ref);
        self.checkout_url.push(row.checkout_url);
        self.payment_ref.push(row.payment_ref);
        self.status.push(row.status);
        self.failure_reason.push(row.failure_reason);
        self.updated_at.push(row.updated_at);
        self.paid_at.push(row.paid_at);
        self.failed_at.push(row.failed_at);
        self.refunded_at.push(row.refunded_at);
        self.reversals_json.push(row.reversals_json);
    }
}

/// The columns of new ledger entries.
#[derive(Default)]
pub(super) struct EntryColumns {
    pub(super) place: Vec<i64>,
    pub(super) id: Vec<String>,
    pub(super) tenant_id: Vec<String>,
    pub(super) purchase_id: Vec<String>,
    pub(super) kind: Vec<&'static str>,
    pub(super) effect_ref: Vec<String>,
    pub(super) credits: Vec<i64>,
    pub(super) created_at: Vec<i64>,
}

impl EntryColumns {
    fn push(&mut self, row: NewEntryRow<'_>, place: i64) {
        self.place.push(place);
        self.id.push(row.id);
        self.tenant_id.push(row.tenant_id);
        self.purchase_id.push(row.purchase_id);
        self.kind.push(row.kind);
        self.effect_ref.push(row.effect_ref.to_owned());
        self.credits.push(row.credits);
        self.created_at.push(row.created_at);
    }
}

/// The columns of new mails.
#[derive(Default)]
pub(super) struct MailColumns {
    pub(super) place: Vec<i64>,
    pub(super) kind: Vec<&'static str>,
    pub(super) subject_id: Vec<String>,
    pub(super) tenant_id: Vec<Option<String>>,
    pub(super) created_at: Vec<i64>,
    pub(super) next_attempt_at: Vec<i64>,
}

impl MailColumns {
    fn push(&mut self, row: NewMailRow, place: i64) {
        self.place.push(place);
        self.kind.push(row.kind);
        self.subject_id.push(row.subject_id);
        self.tenant_id.push(row.tenant_id);
        self.created_at.push(row.created_at);
        self.next_attempt_at.push(row.next_attempt_at);
    }
}

/// The columns of the webhook events that entries owe; and for each entry that takes credits the one that it owes if it
/// takes the balance below the tenant's threshold, which the statement decides once the ledger is locked.
#[derive(Default)]
pub(super) struct WebhookColumns {
    pub(super) id: Vec<String>,
    pub(super) event_type: Vec<&'static str>,
    pub(super) entry_id: Vec<String>,
}

impl WebhookColumns {
    fn push(&mut self, entry: &NewEntry) {
        let low = (entry.credits < Credits(0)).then(|| WebhookEvent::low_balance(entry));
        for event in owed_by_entry(entry).into_iter().chain(low) {
            self.id.push(event.id.to_string());
            self.event_type.push(event.event_type.as_str());
            self.entry_id.push(entry.id.to_string());
        }
    }
}

/// The columns of events that are closed, one of each change; see [`ClosedEventRow`].
#[derive(Default)]
pub(super) struct EventColumns<'a> {
    pub(super) id: Vec<Option<String>>,
    pub(super) status: Vec<Option<&'static str>>,
    pub(super) note: Vec<Option<String>>,
    pub(super) finished_at: Vec<Option<i64>>,
    pub(super) tenant_id: Vec<Option<String>>,
    pub(super) purchase_id: Vec<Option<String>>,
    pub(super) provider_event_id: Vec<Option<String>>,
    pub(super) event_type: Vec<Option<String>>,
    pub(super) api_version: Vec<Option<String>>,
    pub(super) livemode: Vec<Option<bool>>,
    pub(super) payload: Vec<Option<&'a [u8]>>,
    pub(super) received_at: Vec<Option<i64>>,
}

impl<'a> EventColumns<'a> {
    fn push(&mut self, row: ClosedEventRow<'a>) {
        self.id.push(row.id);
        self.status.push(row.status);
        self.note.push(row.note);
        self.finished_at.push(row.finished_at);
        self.tenant_id.push(row.tenant_id);
        self.purchase_id.push(row.purchase_id);
        self.provider_event_id.push(row.provider_event_id);
        self.event_type.push(row.event_type);
        self.api_version.push(row.api_version);
        self.livemode.push(row.livemode);
        self.payload.push(row.payload);
        self.received_at.push(row.received_at);
    }
}

/// The columns of an event that is closed. Those from `provider_event_id` to `received_at` are `None` for a stored event,
/// and all of them when the change has no event.
#[derive(Default)]
struct ClosedEventRow<'a> {
    id: Option<String>,
    status: Option<&'static str>,
    note: Option<String>,
    finished_at: Option<i64>,
    tenant_id: Option<String>,
    purchase_id: Option<String>,
    provider_event_id: Option<String>,
    event_type: Option<String>,
    api_version: Option<String>,
    livemode: Option<bool>,
    payload: Option<&'a [u8]>,
    received_at: Option<i64>,
}

impl<'a> From<&'a ClosedEvent> for ClosedEventRow<'a> {
    fn from(ClosedEvent { outcome, arriving }: &'a ClosedEvent) -> Self {
        let stored = Self {
            id: Some(outcome.id.to_string()),
            status: Some(outcome.status.as_str()),
            note: Some(without_nul(&outcome.note)),
            finished_at: Some(micros(outcome.at)),
            tenant_id: outcome.purchase.map(|(tenant, _)| tenant.to_string()),
            purchase_id: outcome.purchase.map(|(_, purchase)| purchase.to_string()),
            ..Self::default()
        };
        let Some(NewEvent { incoming, received_at, .. }) = arriving else { return stored };
        Self {
            provider_event_id: Some(without_nul(&incoming.provider_event_id)),
            event_type: Some(without_nul(&incoming.event_type)),
            api_version: incoming.api_version.as_deref().map(without_nul),
            livemode: Some(incoming.livemode),
            payload: Some(&incoming.payload),
            received_at: Some(micros(*received_at)),
            ..stored
        }
    }
}
