//! The port that keeps webhook endpoints, events and deliveries.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    ids::{WebhookEndpointId, WebhookEventId},
    outgoing_webhook::{
        Attempt, ClaimedDelivery, Delivery, EventContext, SigningSecret, WebhookEndpoint, WebhookEvent,
    },
};

/// Keeps webhook endpoints, events and deliveries. Events and their deliveries get into it in the transaction of the
/// effect, by [`Store::commit`](super::Store::commit), [`WalletStore::execute`](super::WalletStore::execute) and
/// [`WalletStore::expire_holds`](super::WalletStore::expire_holds), as far as an enabled endpoint wants them.
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// Keeps a new endpoint.
    async fn insert_webhook_endpoint(&self, endpoint: &WebhookEndpoint) -> Result<(), StoreError>;

    /// Every endpoint that is not removed, the oldest first.
    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StoreError>;

    /// The endpoint of that id, unless it is removed.
    async fn webhook_endpoint(&self, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError>;

    /// Writes the secrets of an endpoint, if they are still `before`; `false` otherwise.
    async fn set_webhook_secrets(
        &self,
        id: WebhookEndpointId,
        before: &[SigningSecret],
        after: &[SigningSecret],
    ) -> Result<bool, StoreError>;

    /// Switches an endpoint off, and suspends its open deliveries; with `mail`, puts the mail that tells the operator into
    /// the outbox. `false` when it is off already.
    async fn disable_webhook_endpoint(
        &self,
        id: WebhookEndpointId,
        at: Timestamp,
        note: &str,
        mail: bool,
    ) -> Result<bool, StoreError>;

    /// Switches an endpoint on, and makes its suspended deliveries due. `false` when it is on already, or unknown.
    async fn enable_webhook_endpoint(&self, id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError>;

    /// Removes an endpoint with its secrets, and gives its open deliveries up. `false` when there is none.
    async fn remove_webhook_endpoint(&self, id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError>;

    /// The enabled endpoints with a delivery that is due at `now`.
    async fn webhook_endpoints_due(&self, now: Timestamp) -> Result<Vec<WebhookEndpoint>, StoreError>;

    /// Claims up to `limit` deliveries to an enabled endpoint that are due at `now` until `leased_until`, the one that has
    /// been due the longest first, and counts an attempt for each.
    async fn claim_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// What is stored of an event's tenant and subject at `now`.
    async fn webhook_context(&self, event: &WebhookEvent, now: Timestamp) -> Result<EventContext, StoreError>;

    /// Keeps the payload of an event, unless it has one; gives the one that is kept.
    async fn keep_webhook_payload(&self, event: WebhookEventId, payload: &str) -> Result<String, StoreError>;

    /// Records that an endpoint has accepted an event, and that it does not fail.
    async fn delivery_succeeded(
        &self,
        event: WebhookEventId,
        endpoint: WebhookEndpointId,
        status: u16,
        at: Timestamp,
    ) -> Result<(), StoreError>;

    /// Records a failed attempt, and when the next one is due; without one, the delivery is given up. An attempt that
    /// another process has repeated meanwhile changes nothing. Gives since when the endpoint fails.
    async fn delivery_failed(
        &self,
        claimed: &ClaimedDelivery,
        attempt: &Attempt,
        at: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<Timestamp, StoreError>;

    /// For the operator: the newest deliveries, or only those that have failed and are not delivered.
    async fn deliveries(&self, failed: bool, limit: u32) -> Result<Vec<Delivery>, StoreError>;

    /// For the operator: makes the deliveries of an event due at `now`, or the one to an endpoint, and begins the attempts
    /// anew. Passes over those to endpoints that are off, and those that are leased. Gives how many.
    async fn replay_deliveries(
        &self,
        event: WebhookEventId,
        endpoint: Option<WebhookEndpointId>,
        now: Timestamp,
    ) -> Result<u64, StoreError>;
}
