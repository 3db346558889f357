//! The rows of webhooks out.

use billing::{
    ids::WebhookEndpointId,
    outgoing_webhook::{
        ClaimedDelivery, Delivery, DeliveryState, Disabled, EventSubject, WebhookEndpoint, WebhookEvent,
        WebhookEventType,
    },
    store::StoreError,
};
use serde::Serialize;

use super::row::{instant, micros, parse};

/// The columns of `webhook_endpoints`.
pub(crate) struct EndpointRow {
    pub id: String,
    pub url: String,
    pub secrets_json: String,
    pub event_types: Option<String>,
    pub created_at: i64,
    pub failing_since: Option<i64>,
    pub disabled_at: Option<i64>,
    pub disabled_note: String,
}

impl TryFrom<EndpointRow> for WebhookEndpoint {
    type Error = StoreError;

    fn try_from(row: EndpointRow) -> Result<Self, StoreError> {
        let parsed = |types: String| types.split_whitespace().map(|name| parse("event_types", name)).collect();
        let disabled_at = row.disabled_at.map(instant).transpose()?;
        Ok(Self {
            id: parse("id", &row.id)?,
            url: row.url,
            secrets: serde_json::from_str(&row.secrets_json)
                .map_err(|_| StoreError::Corrupt("column secrets_json".to_owned()))?,
            event_types: row.event_types.map(parsed).transpose()?,
            created_at: instant(row.created_at)?,
            failing_since: row.failing_since.map(instant).transpose()?,
            disabled: disabled_at.map(|at| Disabled { at, note: row.disabled_note }),
        })
    }
}

/// The names of event types, as the database keeps them.
pub(crate) fn type_names<'a>(types: impl IntoIterator<Item = &'a WebhookEventType>) -> String {
    types.into_iter().map(|event_type| event_type.as_str()).collect::<Vec<_>>().join(" ")
}

/// The columns of `webhook_events`, as they are written.
#[derive(Serialize)]
pub(crate) struct EventRow {
    pub id: String,
    pub tenant_id: String,
    #[serde(rename = "type")]
    pub event_type: String,
    pub entry_id: Option<String>,
    pub hold_id: Option<String>,
    pub created_at: i64,
}

impl EventRow {
    pub(crate) fn new(event: &WebhookEvent) -> Self {
        let (entry_id, hold_id) = match event.subject {
            EventSubject::Entry(id) => (Some(id.to_string()), None),
            EventSubject::Hold(id) => (None, Some(id.to_string())),
        };
        Self {
            id: event.id.to_string(),
            tenant_id: event.tenant_id.to_string(),
            event_type: event.event_type.as_str().to_owned(),
            entry_id,
            hold_id,
            created_at: micros(event.created_at),
        }
    }
}

impl TryFrom<EventRow> for WebhookEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let subject = match (&row.entry_id, &row.hold_id) {
            (Some(id), None) => EventSubject::Entry(parse("entry_id", id)?),
            (None, Some(id)) => EventSubject::Hold(parse("hold_id", id)?),
            _ => return Err(StoreError::Corrupt(format!("webhook event {}", row.id))),
        };
        Ok(Self {
            id: parse("id", &row.id)?,
            event_type: parse("type", &row.event_type)?,
            tenant_id: parse("tenant_id", &row.tenant_id)?,
            subject,
            created_at: instant(row.created_at)?,
        })
    }
}

/// A delivery that was just claimed, with its event.
pub(crate) struct ClaimedRow {
    pub event_id: String,
    pub tenant_id: String,
    pub event_type: String,
    pub entry_id: Option<String>,
    pub hold_id: Option<String>,
    pub created_at: i64,
    pub payload_json: Option<String>,
    pub attempts: i64,
}

impl ClaimedRow {
    pub(crate) fn claimed(self, endpoint_id: WebhookEndpointId) -> Result<ClaimedDelivery, StoreError> {
        let event = EventRow {
            id: self.event_id,
            tenant_id: self.tenant_id,
            event_type: self.event_type,
            entry_id: self.entry_id,
            hold_id: self.hold_id,
            created_at: self.created_at,
        };
        Ok(ClaimedDelivery {
            event: event.try_into()?,
            endpoint_id,
            attempts: u32::try_from(self.attempts).unwrap_or(u32::MAX),
            payload: self.payload_json,
        })
    }
}

/// The columns of a delivery, with its event.
pub(crate) struct DeliveryRow {
    pub event_id: String,
    pub endpoint_id: String,
    pub tenant_id: String,
    pub event_type: String,
    pub entry_id: Option<String>,
    pub hold_id: Option<String>,
    pub created_at: i64,
    pub attempts: i64,
    pub next_attempt_at: Option<i64>,
    pub delivered_at: Option<i64>,
    pub given_up_at: Option<i64>,
    pub last_status: Option<i64>,
    pub note: String,
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = StoreError;

    fn try_from(row: DeliveryRow) -> Result<Self, StoreError> {
        let event = EventRow {
            id: row.event_id,
            tenant_id: row.tenant_id,
            event_type: row.event_type,
            entry_id: row.entry_id,
            hold_id: row.hold_id,
            created_at: row.created_at,
        };
        let state = match (row.next_attempt_at, row.delivered_at, row.given_up_at) {
            (Some(at), ..) => DeliveryState::Due(instant(at)?),
            (None, Some(at), _) => DeliveryState::Delivered(instant(at)?),
            (None, None, Some(at)) => DeliveryState::GivenUp(instant(at)?),
            (None, None, None) => DeliveryState::Suspended,
        };
        Ok(Self {
            event: event.try_into()?,
            endpoint_id: parse("endpoint_id", &row.endpoint_id)?,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
            state,
            last_status: row.last_status.and_then(|status| u16::try_from(status).ok()),
            note: row.note,
        })
    }
}
