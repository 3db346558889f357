//! Gauges that are sampled: the backlog, database connections, open streams.
//!
//! Sampled on a schedule rather than at each scrape, so that frequent scrapes put no load on the database.

use std::{sync::Arc, time::Duration};

use billing::{
    clock::Clock,
    store::{Backlog, PoolUse, Store},
};
use jiff::Timestamp;
use metrics::{describe_gauge, gauge};
use tokio::time::timeout;

use crate::{
    streams::Streams,
    tasks::{Job, Next},
};

/// How often to take a sample.
const EVERY: Duration = Duration::from_secs(15);
/// The timeout of the database for one sample.
const TIME_MAX: Duration = Duration::from_secs(10);

/// Registers the gauges' descriptions.
pub fn describe() {
    describe_gauge!("payment_events_open", "Payment events by status: received, or in attention");
    describe_gauge!("purchases_pending_oldest_age_seconds", "Age of the oldest PENDING purchase; 0 without one");
    describe_gauge!("receipts_due", "Paid purchases that have no receipt number");
    describe_gauge!("mails_due", "Mails that are to be sent");
    describe_gauge!("mails_due_oldest_age_seconds", "Age of the oldest mail that is to be sent; 0 without one");
    describe_gauge!("webhooks_out_due", "Webhooks that are to be delivered");
    describe_gauge!(
        "webhooks_out_due_oldest_age_seconds",
        "Age of the oldest webhook that is to be delivered; 0 without"
    );
    describe_gauge!("backlog_sampled_timestamp_seconds", "When the seven above were last read from the database");
    describe_gauge!("database_pool_connections", "Connections to the database, by state: used, or idle");
    describe_gauge!("database_pool_connections_max", "How many connections there may be");
    describe_gauge!("balance_streams_open", "Pages that wait for a change of their balance");
    describe_gauge!("build_info", "1, labelled with the version");
    describe_gauge!("process_start_time_seconds", "When the process started");
}

/// Sets the initial values. The backlog's timestamp stays 0 until the backlog is read.
pub fn register(now: Timestamp) {
    gauge!("backlog_sampled_timestamp_seconds").set(0);
    gauge!("build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    gauge!("process_start_time_seconds").set(seconds(now));
}

/// The job that takes a sample at each interval.
pub fn job(store: Arc<dyn Store>, streams: Streams, clock: Arc<dyn Clock>) -> Job {
    Job::new("gauges", EVERY, TIME_MAX * 2, move || {
        let (store, streams, clock) = (store.clone(), streams.clone(), clock.clone());
        async move {
            sample(store.as_ref(), &streams, clock.as_ref()).await;
            Next::Wait
        }
    })
}

/// Takes a sample. When the database does not answer, the backlog's gauges and their timestamp stay as they were.
pub async fn sample(store: &dyn Store, streams: &Streams, clock: &dyn Clock) {
    let PoolUse { size, idle, max } = store.pool_use();
    gauge!("database_pool_connections", "state" => "used").set(size.saturating_sub(idle));
    gauge!("database_pool_connections", "state" => "idle").set(idle);
    gauge!("database_pool_connections_max").set(max);
    gauge!("balance_streams_open").set(u32::try_from(streams.open_count()).unwrap_or(u32::MAX));
    match timeout(TIME_MAX, store.backlog()).await {
        Ok(Ok(backlog)) => set_backlog(&backlog, clock.now()),
        Ok(Err(error)) => tracing::warn!(%error, "what waits could not be counted"),
        Err(_) => tracing::warn!("what waits could not be counted in time"),
    }
}

fn set_backlog(backlog: &Backlog, now: Timestamp) {
    let age = |since: Option<Timestamp>| since.map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0));
    gauge!("payment_events_open", "status" => "received").set(count(backlog.events_received));
    gauge!("payment_events_open", "status" => "attention").set(count(backlog.events_attention));
    gauge!("purchases_pending_oldest_age_seconds").set(age(backlog.oldest_pending));
    gauge!("receipts_due").set(count(backlog.receipts_due));
    gauge!("mails_due").set(count(backlog.mails_due));
    gauge!("mails_due_oldest_age_seconds").set(age(backlog.oldest_mail));
    gauge!("webhooks_out_due").set(count(backlog.webhooks_due));
    gauge!("webhooks_out_due_oldest_age_seconds").set(age(backlog.oldest_webhook));
    gauge!("backlog_sampled_timestamp_seconds").set(seconds(now));
}

fn count(rows: u64) -> f64 {
    u32::try_from(rows).unwrap_or(u32::MAX).into()
}

fn seconds(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
