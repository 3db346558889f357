//! The provider's notifications: verified over their raw bytes, then passed to the domain, which stores each before it
//! applies it.

use std::time::Duration;

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::HeaderMap,
};
use billing::billing::{Ingested, Received};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{input::unreadable, problem::Problem};
use crate::{
    state::AppState,
    stripe::{event, signature},
};

/// The largest notification that is read; Stripe's have a few kilobytes.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// How long the sender waits while a stored notification is applied, which may need calls to the provider.
const ANSWERED_WITHIN: Duration = Duration::from_secs(5);

/// The answer to a notification that is stored.
#[derive(Serialize, ToSchema)]
pub struct Acknowledgement {
    received: bool,
}

/// Receives a notification from Stripe. The body limit is 256 KiB.
#[utoipa::path(
    post, path = "/billing/webhook", tag = "billing",
    params(("Stripe-Signature" = Option<String>, Header, description = "`t=…,v1=…` over the raw body")),
    request_body(content = serde_json::Value, description = "A Stripe event", content_type = "application/json"),
    responses((status = 200, description = "Stored", body = inline(Acknowledgement))),
)]
pub async fn receive_webhook(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Acknowledgement>, Problem> {
    if state.webhook_secrets.is_empty() {
        if let Some(notifications) = state.log_limits.unverifiable_notifications.count(state.clock.now()) {
            tracing::error!(notifications, "STRIPE_WEBHOOK_SECRET is not set: notifications were turned away");
        }
        return Err(Problem::WEBHOOK_NOT_CONFIGURED);
    }
    let payload = to_bytes(body, BODY_BYTES_MAX).await.map_err(|error| {
        metrics::counter!("webhook_rejected_total", "reason" => "body").increment(1);
        if let Some(notifications) = state.log_limits.unreadable_notifications.count(state.clock.now()) {
            tracing::warn!(%error, notifications, "notifications could not be read");
        }
        unreadable(&error)
    })?;
    let signed = headers.get("stripe-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    signature::verify(signed, &payload, &state.webhook_secrets, state.clock.now()).map_err(|error| {
        metrics::counter!("webhook_rejected_total", "reason" => "signature").increment(1);
        if let Some(notifications) = state.log_limits.forged_notifications.count(state.clock.now()) {
            tracing::warn!(%error, notifications, "notifications were turned away");
        }
        Problem::INVALID_SIGNATURE
    })?;
    let billing = &state.shop.billing;
    let received = match billing.ingest(event::read(&payload)).await? {
        Ingested::Done(received) => received,
        Ingested::Pending(event) => {
            let billing = billing.clone();
            // The task continues after the answer. If the process stops first, the worker processes the event.
            let processing = tokio::spawn(async move { billing.process(&event).await });
            match timeout(ANSWERED_WITHIN, processing).await {
                Ok(Ok(Ok(received))) => received,
                Ok(Ok(Err(error))) => {
                    tracing::warn!(%error, "a stored notification could not be applied");
                    Received::Deferred
                }
                Ok(Err(_)) | Err(_) => Received::Deferred,
            }
        }
    };
    metrics::counter!("webhook_received_total", "outcome" => label(received)).increment(1);
    Ok(Json(Acknowledgement { received: true }))
}

fn label(received: Received) -> &'static str {
    match received {
        Received::Applied => "applied",
        Received::Ignored => "ignored",
        Received::Attention => "attention",
        Received::Deferred => "deferred",
    }
}
