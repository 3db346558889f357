//! The parameters of the one statement: an array for each column of the rows that a change can have several of, and the
//! columns of its event.

use billing::event::{ClosedEvent, NewEvent};

use crate::portable::{
    change_rows::NewEntryRow,
    mails::NewMailRow,
    row::{micros, without_nul},
};

/// The columns of new ledger entries.
#[derive(Default)]
pub(super) struct EntryColumns {
    pub(super) id: Vec<String>,
    pub(super) tenant_id: Vec<String>,
    pub(super) purchase_id: Vec<String>,
    pub(super) kind: Vec<String>,
    pub(super) effect_ref: Vec<String>,
    pub(super) credits: Vec<i64>,
    pub(super) created_at: Vec<i64>,
}

impl<'a> FromIterator<NewEntryRow<'a>> for EntryColumns {
    fn from_iter<I: IntoIterator<Item = NewEntryRow<'a>>>(rows: I) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.id.push(row.id);
            columns.tenant_id.push(row.tenant_id);
            columns.purchase_id.push(row.purchase_id);
            columns.kind.push(row.kind.to_owned());
            columns.effect_ref.push(row.effect_ref.to_owned());
            columns.credits.push(row.credits);
            columns.created_at.push(row.created_at);
        }
        columns
    }
}

/// The columns of new mails.
#[derive(Default)]
pub(super) struct MailColumns {
    pub(super) kind: Vec<String>,
    pub(super) subject_id: Vec<String>,
    pub(super) tenant_id: Vec<Option<String>>,
    pub(super) created_at: Vec<i64>,
    pub(super) next_attempt_at: Vec<i64>,
}

impl FromIterator<NewMailRow> for MailColumns {
    fn from_iter<I: IntoIterator<Item = NewMailRow>>(rows: I) -> Self {
        let mut columns = Self::default();
        for row in rows {
            columns.kind.push(row.kind.to_owned());
            columns.subject_id.push(row.subject_id);
            columns.tenant_id.push(row.tenant_id);
            columns.created_at.push(row.created_at);
            columns.next_attempt_at.push(row.next_attempt_at);
        }
        columns
    }
}

/// The columns of an event that is closed. Those from `provider_event_id` to `received_at` are `None` for a stored event,
/// and all of them when the change has no event.
#[derive(Default)]
pub(super) struct ClosedEventRow<'a> {
    pub(super) id: Option<String>,
    pub(super) status: Option<&'static str>,
    pub(super) note: Option<String>,
    pub(super) finished_at: Option<i64>,
    pub(super) tenant_id: Option<String>,
    pub(super) purchase_id: Option<String>,
    pub(super) provider_event_id: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) livemode: Option<bool>,
    pub(super) payload: Option<&'a [u8]>,
    pub(super) received_at: Option<i64>,
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
