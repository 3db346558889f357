//! The sender of webhooks: attempts the deliveries that are due, in every process, under leases as the mailer does.
//!
//! Each endpoint's deliveries go out by themselves, so that one that hangs delays no other. A process that stops amid an
//! attempt leaves the delivery leased, and it is attempted again once the lease ends.

pub mod address;
mod client;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use billing::{
    Webhooks,
    clock::Clock,
    ids::WebhookEndpointId,
    outgoing_webhook::{Attempt, ClaimedDelivery, WebhookEndpoint},
    store::StoreError,
    webhooks::AfterFailure,
};
use futures::future::join_all;
use standardwebhooks::Webhook;
use tokio_util::sync::CancellationToken;

use self::client::{Outcome, WebhookClient};
use crate::tasks::{Job, Next};

/// How often to look whether a delivery is due.
const EVERY: Duration = Duration::from_secs(1);
/// Looking is one query; the attempts go on beside it.
const ROUND_TIME_MAX: Duration = Duration::from_secs(30);
/// How many deliveries to one endpoint are under way in a process.
const AT_ONCE: u32 = 8;

/// Attempts the deliveries that are due; cheap to clone.
#[derive(Clone)]
pub struct WebhookSender {
    webhooks: Webhooks,
    clock: Arc<dyn Clock>,
    client: WebhookClient,
    shutdown: CancellationToken,
    /// The endpoints whose deliveries this process attempts at the moment.
    busy: Arc<Mutex<BTreeSet<WebhookEndpointId>>>,
}

impl WebhookSender {
    /// Sends to private addresses only where that is allowed.
    pub fn new(webhooks: Webhooks, clock: Arc<dyn Clock>, allow_private: bool, shutdown: CancellationToken) -> Self {
        let client = WebhookClient::new(allow_private);
        Self { webhooks, clock, client, shutdown, busy: Arc::default() }
    }

    /// The job of sending, to be repeated for as long as the process serves.
    pub fn job(self) -> Job {
        Job::new("webhooks", EVERY, ROUND_TIME_MAX, move || {
            let sender = self.clone();
            async move {
                match sender.webhooks.endpoints_due().await {
                    Ok(endpoints) => endpoints.into_iter().for_each(|endpoint| sender.start(endpoint)),
                    Err(error) => tracing::warn!(%error, "webhooks that are due could not be read"),
                }
                Next::Wait
            }
        })
    }

    /// Attempts what is due, and waits until no delivery is.
    pub async fn deliver_due(&self) -> Result<(), StoreError> {
        let endpoints = self.webhooks.endpoints_due().await?;
        join_all(endpoints.iter().map(|endpoint| self.deliver_to(endpoint))).await.into_iter().collect()
    }

    fn start(&self, endpoint: WebhookEndpoint) {
        let Some(turn) = Turn::take(&self.busy, endpoint.id) else { return };
        let sender = self.clone();
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(error) = sender.deliver_to(&endpoint).await {
                tracing::warn!(%error, endpoint = %endpoint.id, "webhooks could not be delivered");
            }
        });
    }

    async fn deliver_to(&self, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
        while !self.shutdown.is_cancelled() {
            let claimed = self.webhooks.claim(endpoint.id, AT_ONCE).await?;
            if claimed.is_empty() {
                break;
            }
            let attempts = claimed.iter().map(|delivery| self.deliver(endpoint, delivery));
            join_all(attempts).await.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(())
    }

    /// Attempts one delivery, and records what came of it.
    async fn deliver(&self, endpoint: &WebhookEndpoint, claimed: &ClaimedDelivery) -> Result<(), StoreError> {
        let payload = self.webhooks.payload(claimed).await?;
        let outcome = match self.headers(endpoint, claimed, &payload) {
            Ok(headers) => self.client.post(&endpoint.url, headers, payload).await,
            Err(note) => Outcome::Failed(Attempt { status: None, note }),
        };
        let after = match outcome {
            Outcome::Accepted(status) => {
                self.webhooks.succeeded(claimed, status).await?;
                metrics::counter!("webhooks_out_total", "outcome" => "delivered").increment(1);
                return Ok(());
            }
            Outcome::Gone => self.webhooks.gone(claimed).await?,
            Outcome::Failed(attempt) => {
                tracing::warn!(
                    endpoint = %endpoint.id,
                    event = %claimed.event.id,
                    attempt = claimed.attempts,
                    note = attempt.note,
                    "a webhook was not delivered"
                );
                self.webhooks.failed(claimed, &attempt).await?
            }
        };
        metrics::counter!("webhooks_out_total", "outcome" => "failed").increment(1);
        match after {
            AfterFailure::Retry(_) => {}
            AfterFailure::GivenUp => {
                metrics::counter!("webhooks_out_total", "outcome" => "given_up").increment(1);
            }
            AfterFailure::EndpointDisabled => self.report_disabled(endpoint),
        }
        Ok(())
    }

    fn report_disabled(&self, endpoint: &WebhookEndpoint) {
        metrics::counter!("webhook_endpoints_disabled_total").increment(1);
        let (id, url) = (endpoint.id, endpoint.url.as_str());
        if self.webhooks.mails_operator() {
            tracing::warn!(endpoint = %id, url, "a webhook endpoint is switched off; the operator gets a mail");
        } else {
            tracing::error!(
                endpoint = %id,
                url,
                "a webhook endpoint is switched off, and OPERATOR_EMAIL is not set; a person has to look"
            );
        }
    }

    /// The headers that identify and sign an attempt.
    fn headers(
        &self,
        endpoint: &WebhookEndpoint,
        claimed: &ClaimedDelivery,
        payload: &str,
    ) -> Result<[(&'static str, String); 3], String> {
        let now = self.clock.now();
        let id = claimed.event.id.to_string();
        let sign = |secret| Webhook::new(secret)?.sign(&id, now.as_second(), payload.as_bytes());
        let signatures = endpoint.active_secrets(now).map(sign).collect::<Result<Vec<_>, _>>();
        let signatures = signatures.map_err(|error| format!("it cannot be signed: {error}"))?;
        Ok([
            (standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, now.as_second().to_string()),
            (standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signatures.join(" ")),
            (standardwebhooks::HEADER_WEBHOOK_ID, id),
        ])
    }
}

/// The right of one task to attempt an endpoint's deliveries; given back when it is dropped, also by a panic.
struct Turn {
    busy: Arc<Mutex<BTreeSet<WebhookEndpointId>>>,
    endpoint: WebhookEndpointId,
}

impl Turn {
    fn take(busy: &Arc<Mutex<BTreeSet<WebhookEndpointId>>>, endpoint: WebhookEndpointId) -> Option<Self> {
        let free = busy.lock().unwrap_or_else(PoisonError::into_inner).insert(endpoint);
        free.then(|| Self { busy: busy.clone(), endpoint })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.endpoint);
    }
}
