//! Logs and metrics. No request's query, body or cookie is ever logged.

use std::{io::IsTerminal, sync::OnceLock, time::Instant};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use billing::clock::Clock;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{gauges, system::SystemClock};

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging to stderr. The filter has the syntax of `RUST_LOG`.
pub fn start_logging(format: LogFormat, filter: &str) {
    let registry = tracing_subscriber::registry().with(EnvFilter::new(filter));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Text => registry.with(layer.with_ansi(std::io::stderr().is_terminal())).try_init(),
    };
    if let Err(error) = started {
        tracing::debug!(%error, "logging was started before");
    }
}

/// The process's metrics, for Prometheus.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// Starts collecting. Every call returns the same metrics.
    pub fn start() -> Self {
        static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
        let handle = HANDLE.get_or_init(|| {
            let buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
            let builder = PrometheusBuilder::new().set_buckets(&buckets).ok()?;
            let handle = builder.install_recorder().ok()?;
            describe();
            register();
            Some(handle)
        });
        Self(handle.clone())
    }

    /// In Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.as_ref().map(PrometheusHandle::render).unwrap_or_default()
    }

    /// Drops expired samples. Has to be called regularly.
    pub fn run_upkeep(&self) {
        if let Some(handle) = &self.0 {
            handle.run_upkeep();
        }
    }
}

fn describe() {
    metrics::describe_counter!("billing_attention_total", "Contradictions that a person has to look at");
    metrics::describe_counter!("webhook_received_total", "Notifications that were stored, by outcome");
    metrics::describe_counter!("webhook_rejected_total", "Notifications that were not believed or not read, by reason");
    metrics::describe_counter!("cross_site_rejected_total", "Requests that another site made a browser send");
    metrics::describe_counter!("sign_in_failed_total", "Sign-ins with wrong credentials");
    metrics::describe_gauge!("task_last_round_timestamp_seconds", "When a background task last ended a round");
    metrics::describe_counter!("task_restarts_total", "Rounds of background tasks that hung or failed");
    metrics::describe_counter!(
        "billing_mails_total",
        "Attempts to send a mail, by outcome; and the mails that were given up"
    );
    metrics::describe_counter!("webhooks_out_total", "Attempts to deliver a webhook, by outcome; and those given up");
    metrics::describe_counter!("webhook_endpoints_disabled_total", "Webhook endpoints that were switched off");
    metrics::describe_gauge!("database_circuit_open", "1 while the database does not answer and is not waited for");
    metrics::describe_histogram!("http_request_duration_seconds", "Time to the head of the answer");
    gauges::describe();
}

/// Sets all counters to 0 at the start, so that an alert can tell zero from unknown.
fn register() {
    for reason in [
        "amount",
        "currency",
        "livemode",
        "session",
        "payment",
        "unknown_purchase",
        "unreadable",
        "retries_exhausted",
        "provider_access",
        "provider_refusal",
        "provider_answer",
        "session_missing",
    ] {
        metrics::counter!("billing_attention_total", "reason" => reason).absolute(0);
    }
    for outcome in ["applied", "ignored", "attention", "deferred"] {
        metrics::counter!("webhook_received_total", "outcome" => outcome).absolute(0);
    }
    for reason in ["signature", "body"] {
        metrics::counter!("webhook_rejected_total", "reason" => reason).absolute(0);
    }
    for outcome in ["sent", "failed", "given_up"] {
        metrics::counter!("billing_mails_total", "outcome" => outcome).absolute(0);
    }
    for outcome in ["delivered", "failed", "given_up"] {
        metrics::counter!("webhooks_out_total", "outcome" => outcome).absolute(0);
    }
    for name in ["webhook_endpoints_disabled_total", "cross_site_rejected_total", "sign_in_failed_total"] {
        metrics::counter!(name).absolute(0);
    }
    gauges::register(SystemClock.now());
    metrics::gauge!("database_circuit_open").set(0);
}

/// Measures each request, by route and not by URL.
pub async fn measure(request: Request, next: Next) -> Response {
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    let labels = [("route", route), ("method", method), ("status", response.status().as_u16().to_string())];
    metrics::histogram!("http_request_duration_seconds", &labels).record(start.elapsed().as_secs_f64());
    response
}
