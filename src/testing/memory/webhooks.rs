//! Webhooks out, in the model.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Tables, lock, rules, yield_now};
use crate::{
    ids::{WebhookEndpointId, WebhookEventId},
    mail::Topic,
    outgoing_webhook::{
        Attempt, ClaimedDelivery, Delivery, DeliveryState, Disabled, EventContext, EventSource, EventSubject,
        SigningSecret, WebhookEndpoint, WebhookEvent,
    },
    store::{StoreError, WebhookStore},
};

#[derive(Default)]
pub(super) struct WebhookTables {
    endpoints: BTreeMap<WebhookEndpointId, WebhookEndpoint>,
    payloads: BTreeMap<WebhookEventId, String>,
    deliveries: BTreeMap<(WebhookEventId, WebhookEndpointId), KeptDelivery>,
}

pub(super) struct KeptDelivery {
    delivery: Delivery,
    leased_until: Option<Timestamp>,
}

impl KeptDelivery {
    fn due_at(&self) -> Option<Timestamp> {
        if let DeliveryState::Due(at) = self.delivery.state { Some(at) } else { None }
    }

    /// Sets the state, and ends the lease.
    fn set(&mut self, state: DeliveryState) {
        self.delivery.state = state;
        self.leased_until = None;
    }

    /// Makes it due, and begins the attempts anew.
    fn restart(&mut self, now: Timestamp) {
        self.set(DeliveryState::Due(now));
        self.delivery.attempts = 0;
    }
}

impl WebhookTables {
    /// Writes events with their deliveries, as far as an enabled endpoint wants them.
    pub(super) fn owe(&mut self, events: impl IntoIterator<Item = WebhookEvent>) {
        for event in events {
            for endpoint in self.endpoints.values().filter(|endpoint| endpoint.wants(event.event_type)) {
                let delivery = Delivery {
                    event: event.clone(),
                    endpoint_id: endpoint.id,
                    attempts: 0,
                    state: DeliveryState::Due(event.created_at),
                    last_status: None,
                    note: String::new(),
                };
                let kept = KeptDelivery { delivery, leased_until: None };
                self.deliveries.entry((event.id, endpoint.id)).or_insert(kept);
            }
        }
    }

    /// The events of what is to be delivered.
    pub(super) fn due(&self) -> impl Iterator<Item = &WebhookEvent> {
        self.deliveries.values().filter(|kept| kept.due_at().is_some()).map(|kept| &kept.delivery.event)
    }

    fn to(&mut self, endpoint: WebhookEndpointId) -> impl Iterator<Item = &mut KeptDelivery> {
        self.deliveries.values_mut().filter(move |kept| kept.delivery.endpoint_id == endpoint)
    }
}

#[async_trait]
impl WebhookStore for MemoryStore {
    async fn insert_webhook_endpoint(&self, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
        yield_now().await;
        let endpoints = &mut lock(&self.tables).webhooks.endpoints;
        rules::refuse_if(endpoints.contains_key(&endpoint.id), "webhook_endpoints_pkey")?;
        endpoints.insert(endpoint.id, endpoint.clone());
        Ok(())
    }

    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).webhooks.endpoints.values().cloned().collect())
    }

    async fn webhook_endpoint(&self, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).webhooks.endpoints.get(&id).cloned())
    }

    async fn set_webhook_secrets(
        &self,
        id: WebhookEndpointId,
        before: &[SigningSecret],
        after: &[SigningSecret],
    ) -> Result<bool, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let endpoint = tables.webhooks.endpoints.get_mut(&id).filter(|endpoint| endpoint.secrets == before);
        Ok(endpoint.map(|endpoint| endpoint.secrets = after.to_vec()).is_some())
    }

    async fn disable_webhook_endpoint(
        &self,
        id: WebhookEndpointId,
        at: Timestamp,
        note: &str,
        mail: bool,
    ) -> Result<bool, StoreError> {
        yield_now().await;
        let tables = &mut *lock(&self.tables);
        let endpoint = tables.webhooks.endpoints.get_mut(&id).filter(|endpoint| endpoint.disabled.is_none());
        let Some(endpoint) = endpoint else { return Ok(false) };
        endpoint.disabled = Some(Disabled { at, note: note.to_owned() });
        for kept in tables.webhooks.to(id).filter(|kept| kept.due_at().is_some()) {
            kept.set(DeliveryState::Suspended);
        }
        if mail {
            tables.enqueue_again(Topic::WebhookEndpoint(id), at);
        }
        Ok(true)
    }

    async fn enable_webhook_endpoint(&self, id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError> {
        yield_now().await;
        let webhooks = &mut lock(&self.tables).webhooks;
        let endpoint = webhooks.endpoints.get_mut(&id).filter(|endpoint| endpoint.disabled.is_some());
        let Some(endpoint) = endpoint else { return Ok(false) };
        endpoint.disabled = None;
        endpoint.failing_since = None;
        for kept in webhooks.to(id).filter(|kept| kept.delivery.state == DeliveryState::Suspended) {
            kept.restart(at);
        }
        Ok(true)
    }

    async fn remove_webhook_endpoint(&self, id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError> {
        yield_now().await;
        let webhooks = &mut lock(&self.tables).webhooks;
        let removed = webhooks.endpoints.remove(&id).is_some();
        let open =
            |kept: &&mut KeptDelivery| matches!(kept.delivery.state, DeliveryState::Due(_) | DeliveryState::Suspended);
        for kept in webhooks.to(id).filter(open) {
            kept.set(DeliveryState::GivenUp(at));
        }
        Ok(removed)
    }

    async fn webhook_endpoints_due(&self, now: Timestamp) -> Result<Vec<WebhookEndpoint>, StoreError> {
        yield_now().await;
        let webhooks = &lock(&self.tables).webhooks;
        let is_due = |endpoint: &&WebhookEndpoint| {
            let own = |kept: &&KeptDelivery| kept.delivery.endpoint_id == endpoint.id;
            let due = |kept: &KeptDelivery| kept.due_at().is_some_and(|at| at <= now);
            endpoint.disabled.is_none() && webhooks.deliveries.values().filter(own).any(due)
        };
        Ok(webhooks.endpoints.values().filter(is_due).cloned().collect())
    }

    async fn claim_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        yield_now().await;
        let WebhookTables { endpoints, payloads, deliveries } = &mut lock(&self.tables).webhooks;
        if endpoints.get(&endpoint).is_none_or(|endpoint| endpoint.disabled.is_some()) {
            return Ok(Vec::new());
        }
        let own = deliveries.values_mut().filter(|kept| kept.delivery.endpoint_id == endpoint);
        let mut due: Vec<_> = own.filter(|kept| kept.due_at().is_some_and(|at| at <= now)).collect();
        due.sort_by_key(|kept| kept.due_at());
        let claim = |kept: &mut KeptDelivery| {
            kept.set(DeliveryState::Due(leased_until));
            kept.leased_until = Some(leased_until);
            kept.delivery.attempts += 1;
            ClaimedDelivery {
                event: kept.delivery.event.clone(),
                endpoint_id: endpoint,
                attempts: kept.delivery.attempts,
                payload: payloads.get(&kept.delivery.event.id).cloned(),
            }
        };
        Ok(due.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(claim).collect())
    }

    async fn webhook_context(&self, event: &WebhookEvent, now: Timestamp) -> Result<EventContext, StoreError> {
        yield_now().await;
        lock(&self.tables).webhook_context(event, now)
    }

    async fn keep_webhook_payload(&self, event: WebhookEventId, payload: &str) -> Result<String, StoreError> {
        yield_now().await;
        let WebhookTables { payloads, deliveries, .. } = &mut lock(&self.tables).webhooks;
        if !deliveries.keys().any(|(told, _)| *told == event) {
            return Err(StoreError::Corrupt(format!("there is no webhook event {event}")));
        }
        Ok(payloads.entry(event).or_insert_with(|| payload.to_owned()).clone())
    }

    async fn delivery_succeeded(
        &self,
        event: WebhookEventId,
        endpoint: WebhookEndpointId,
        status: u16,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        yield_now().await;
        let webhooks = &mut lock(&self.tables).webhooks;
        if let Some(kept) = webhooks.deliveries.get_mut(&(event, endpoint))
            && !matches!(kept.delivery.state, DeliveryState::Delivered(_))
        {
            kept.set(DeliveryState::Delivered(at));
            kept.delivery.last_status = Some(status);
            kept.delivery.note.clear();
        }
        if let Some(endpoint) = webhooks.endpoints.get_mut(&endpoint) {
            endpoint.failing_since = None;
        }
        Ok(())
    }

    async fn delivery_failed(
        &self,
        claimed: &ClaimedDelivery,
        attempt: &Attempt,
        at: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<Timestamp, StoreError> {
        yield_now().await;
        let webhooks = &mut lock(&self.tables).webhooks;
        let kept = webhooks.deliveries.get_mut(&(claimed.event.id, claimed.endpoint_id));
        let current = kept.filter(|kept| kept.due_at().is_some() && kept.delivery.attempts == claimed.attempts);
        if let Some(kept) = current {
            kept.set(next.map_or(DeliveryState::GivenUp(at), DeliveryState::Due));
            kept.delivery.last_status = attempt.status;
            attempt.note.clone_into(&mut kept.delivery.note);
        }
        let endpoint = webhooks.endpoints.get_mut(&claimed.endpoint_id);
        Ok(endpoint.map_or(at, |endpoint| *endpoint.failing_since.get_or_insert(at)))
    }

    async fn deliveries(&self, failed: bool, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let newest = tables.webhooks.deliveries.values().rev().map(|kept| &kept.delivery);
        let wanted = newest.filter(|delivery| !failed || !delivery.note.is_empty());
        Ok(wanted.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn replay_deliveries(
        &self,
        event: WebhookEventId,
        endpoint: Option<WebhookEndpointId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        yield_now().await;
        let WebhookTables { endpoints, deliveries, .. } = &mut lock(&self.tables).webhooks;
        let wanted = deliveries.values_mut().filter(|kept| {
            let Delivery { event: told, endpoint_id, .. } = &kept.delivery;
            let enabled = endpoints.get(endpoint_id).is_some_and(|endpoint| endpoint.disabled.is_none());
            let leased = kept.leased_until.is_some_and(|until| until > now);
            told.id == event && endpoint.is_none_or(|wanted| wanted == *endpoint_id) && enabled && !leased
        });
        Ok(u64::try_from(wanted.map(|kept| kept.restart(now)).count()).unwrap_or(u64::MAX))
    }
}

impl Tables {
    fn webhook_context(&self, event: &WebhookEvent, now: Timestamp) -> Result<EventContext, StoreError> {
        let gone = || StoreError::Corrupt(format!("webhook event {} is about nothing", event.id));
        let source = match event.subject {
            EventSubject::Entry(id) => {
                let own = self.ledgers.get(&event.tenant_id).into_iter().flatten();
                let entry = own.into_iter().find(|entry| entry.booked.id == id).ok_or_else(gone)?;
                let described = self.describe(entry);
                let (reference, reason) = (described.reference, described.description);
                EventSource::Entry { entry: entry.clone(), reference, reason }
            }
            EventSubject::Hold(id) => EventSource::Hold(self.held(event.tenant_id, id).ok_or_else(gone)?),
        };
        Ok(EventContext {
            external_id: self.tenants.get(&event.tenant_id).map(|tenant| tenant.external_id.clone()),
            funds: self.wallet_of(event.tenant_id, &[]).funds(now),
            source,
        })
    }
}
