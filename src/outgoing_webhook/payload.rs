//! What a webhook says.

use jiff::Timestamp;
use serde::Serialize;

use super::event::{WebhookEvent, WebhookEventType};
use crate::{
    ids::{EntryId, GrantId, HoldId, PurchaseId, SpendId, TenantId},
    ledger::{Entry, Source},
    money::Credits,
    tenant::ExternalId,
    wallet::{Funds, Hold, Reference},
};

/// What is stored of an event's tenant and subject when its payload is rendered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventContext {
    /// The platform's name for the tenant, if it has given one.
    pub external_id: Option<ExternalId>,
    /// What the tenant has by then.
    pub funds: Funds,
    /// What the event is about.
    pub source: EventSource,
}

/// What an event is about, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// A ledger entry.
    Entry {
        /// The entry.
        entry: Entry,
        /// The platform's own id of the job that a spend was for.
        reference: Option<Reference>,
        /// Why credits were granted or reversed.
        reason: Option<String>,
    },
    /// A hold.
    Hold(Hold),
}

#[derive(Serialize)]
struct Payload<'a> {
    #[serde(rename = "type")]
    event_type: WebhookEventType,
    timestamp: Timestamp,
    data: Data<'a>,
}

/// What does not apply is left out.
#[derive(Default, Serialize)]
struct Data<'a> {
    tenant_id: Option<TenantId>,
    external_id: Option<&'a ExternalId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry_id: Option<EntryId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_id: Option<PurchaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spend_id: Option<SpendId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<GrantId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reversal_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hold_id: Option<HoldId>,
    credits: Credits,
    reference: Option<&'a Reference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    balance: Credits,
    held: Credits,
    available: Credits,
    seq: i64,
}

/// The payload of an event. `credits` is what the entry adds to the balance, negative when it takes; of a hold, its rest.
pub fn render(event: &WebhookEvent, context: &EventContext) -> Result<String, serde_json::Error> {
    let Funds { balance, held, seq } = context.funds;
    let available = context.funds.available();
    let external_id = context.external_id.as_ref();
    let shared =
        Data { tenant_id: Some(event.tenant_id), external_id, balance, held, available, seq, ..Data::default() };
    let data = match &context.source {
        EventSource::Entry { entry, reference, reason } => {
            let booked = &entry.booked;
            let reversal = event.event_type == WebhookEventType::SpendReversed;
            let data = Data {
                entry_id: Some(booked.id),
                reversal_id: reversal.then_some(booked.effect_ref.as_str()),
                credits: booked.credits,
                reference: reference.as_ref(),
                reason: reason.as_deref(),
                ..shared
            };
            match booked.source {
                Source::Purchase(id) => Data { purchase_id: Some(id), ..data },
                Source::Spend(id) => Data { spend_id: Some(id), ..data },
                Source::Grant(id) => Data { grant_id: Some(id), ..data },
            }
        }
        EventSource::Hold(hold) => {
            Data { hold_id: Some(hold.id), credits: hold.rest(), reference: hold.details.reference.as_ref(), ..shared }
        }
    };
    serde_json::to_string(&Payload { event_type: event.event_type, timestamp: event.created_at, data })
}
