//! Delivering webhooks: what is due, what it says, and what follows from an attempt.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use crate::{
    clock::{Clock, Entropy},
    ids::{WebhookEndpointId, WebhookEventId},
    outgoing_webhook::{
        Attempt, ClaimedDelivery, Delivery, SigningSecret, WebhookEndpoint, WebhookEventType, next_attempt, render,
    },
    store::{StoreError, WebhookStore},
};

/// How long a claim reserves a delivery for one process; longer than the time limit of an attempt.
const LEASE: SignedDuration = SignedDuration::from_secs(60);

/// The use cases of webhooks out; cheap to clone.
#[derive(Clone)]
pub struct Webhooks {
    store: Arc<dyn WebhookStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// Whether the operator has an address for mails.
    mails_operator: bool,
}

/// What follows from an attempt that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// The next attempt is due then.
    Retry(Timestamp),
    /// The delivery is given up.
    GivenUp,
    /// The endpoint is switched off.
    EndpointDisabled,
}

impl Webhooks {
    /// Over those ports.
    pub fn new(
        store: Arc<dyn WebhookStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        mails_operator: bool,
    ) -> Self {
        Self { store, clock, entropy, mails_operator }
    }

    /// The enabled endpoints with a delivery that is due.
    pub async fn endpoints_due(&self) -> Result<Vec<WebhookEndpoint>, StoreError> {
        self.store.webhook_endpoints_due(self.clock.now()).await
    }

    /// Claims deliveries to an endpoint that are due, for the caller to attempt. Unless the caller reports one as
    /// [succeeded](Webhooks::succeeded), [failed](Webhooks::failed) or [gone](Webhooks::gone), it falls due again.
    pub async fn claim(&self, endpoint: WebhookEndpointId, limit: u32) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let now = self.clock.now();
        self.store.claim_deliveries(endpoint, now, now + LEASE, limit).await
    }

    /// The payload of a claimed delivery: rendered at the first attempt, and the same at each.
    pub async fn payload(&self, claimed: &ClaimedDelivery) -> Result<String, StoreError> {
        if let Some(payload) = &claimed.payload {
            return Ok(payload.clone());
        }
        let context = self.store.webhook_context(&claimed.event, self.clock.now()).await?;
        let payload = render(&claimed.event, &context).map_err(|error| StoreError::Internal(error.to_string()))?;
        self.store.keep_webhook_payload(claimed.event.id, &payload).await
    }

    /// Records that the endpoint has accepted the event.
    pub async fn succeeded(&self, claimed: &ClaimedDelivery, status: u16) -> Result<(), StoreError> {
        self.store.delivery_succeeded(claimed.event.id, claimed.endpoint_id, status, self.clock.now()).await
    }

    /// Records a failed attempt and schedules the next one. Switches off an endpoint that has failed for three days.
    pub async fn failed(&self, claimed: &ClaimedDelivery, attempt: &Attempt) -> Result<AfterFailure, StoreError> {
        let now = self.clock.now();
        let next = next_attempt(claimed.attempts, now);
        let failing_since = self.store.delivery_failed(claimed, attempt, now, next).await?;
        if WebhookEndpoint::has_failed_too_long(failing_since, now) {
            let note = format!("every attempt has failed since {failing_since}, the last one: {}", attempt.note);
            if self.store.disable_webhook_endpoint(claimed.endpoint_id, now, &note, self.mails_operator).await? {
                return Ok(AfterFailure::EndpointDisabled);
            }
        }
        Ok(next.map_or(AfterFailure::GivenUp, AfterFailure::Retry))
    }

    /// Records that the endpoint has answered 410 Gone: it is switched off at once.
    pub async fn gone(&self, claimed: &ClaimedDelivery) -> Result<AfterFailure, StoreError> {
        let now = self.clock.now();
        let attempt = Attempt { status: Some(410), note: "the endpoint answered 410 Gone".to_owned() };
        self.store.delivery_failed(claimed, &attempt, now, next_attempt(claimed.attempts, now)).await?;
        self.store.disable_webhook_endpoint(claimed.endpoint_id, now, &attempt.note, self.mails_operator).await?;
        Ok(AfterFailure::EndpointDisabled)
    }

    /// Whether the operator hears by mail of an endpoint that is switched off.
    pub fn mails_operator(&self) -> bool {
        self.mails_operator
    }

    /// For the operator: adds an endpoint.
    pub async fn add_endpoint(
        &self,
        url: String,
        event_types: Option<BTreeSet<WebhookEventType>>,
        secret: String,
    ) -> Result<WebhookEndpoint, StoreError> {
        let now = self.clock.now();
        let endpoint = WebhookEndpoint {
            id: WebhookEndpointId::new(now, self.entropy.as_ref()),
            url,
            secrets: vec![SigningSecret { secret, expires_at: None }],
            event_types,
            created_at: now,
            failing_since: None,
            disabled: None,
        };
        self.store.insert_webhook_endpoint(&endpoint).await?;
        Ok(endpoint)
    }

    /// For the operator: every endpoint, the oldest first.
    pub async fn endpoints(&self) -> Result<Vec<WebhookEndpoint>, StoreError> {
        self.store.webhook_endpoints().await
    }

    /// The endpoint of that id.
    pub async fn endpoint(&self, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        self.store.webhook_endpoint(id).await
    }

    /// For the operator: gives an endpoint a new secret; those of before sign beside it for a day. `false` when there is no
    /// such endpoint, or another rotation came between.
    pub async fn rotate_secret(&self, id: WebhookEndpointId, secret: String) -> Result<bool, StoreError> {
        let Some(endpoint) = self.store.webhook_endpoint(id).await? else { return Ok(false) };
        let rotated = endpoint.rotated(secret, self.clock.now());
        self.store.set_webhook_secrets(id, &endpoint.secrets, &rotated).await
    }

    /// For the operator: switches an endpoint on. `false` when it is on already, or unknown.
    pub async fn enable_endpoint(&self, id: WebhookEndpointId) -> Result<bool, StoreError> {
        self.store.enable_webhook_endpoint(id, self.clock.now()).await
    }

    /// For the operator: removes an endpoint. `false` when there is none.
    pub async fn remove_endpoint(&self, id: WebhookEndpointId) -> Result<bool, StoreError> {
        self.store.remove_webhook_endpoint(id, self.clock.now()).await
    }

    /// For the operator: the newest deliveries, or only those that have failed and are not delivered.
    pub async fn deliveries(&self, failed: bool, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        self.store.deliveries(failed, limit).await
    }

    /// For the operator: makes deliveries of an event due now, whatever became of them; gives how many.
    pub async fn replay(&self, event: WebhookEventId, endpoint: Option<WebhookEndpointId>) -> Result<u64, StoreError> {
        self.store.replay_deliveries(event, endpoint, self.clock.now()).await
    }
}
