//! Sends requests as fast as the answers come, and counts them.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use url::Url;

use crate::connection::{Connection, Failed};

/// The number of senders and the duration.
#[derive(Args, Clone, Copy)]
pub struct Pace {
    /// Connections; each sends one request after the other.
    #[arg(long)]
    senders: usize,
    /// How long to measure.
    #[arg(long)]
    seconds: f64,
    /// How long to send before that without counting.
    #[arg(long, default_value_t = 0.5)]
    warm_up_seconds: f64,
}

/// The next request; `None` when there are no more.
pub type Next = Arc<dyn Fn() -> Option<Request<Full<Bytes>>> + Send + Sync>;

#[derive(Default)]
struct Counted {
    sent: usize,
    latencies: Vec<Duration>,
    bytes: usize,
    ended: Option<Instant>,
}

/// Sends until the time is up or there is no more to send. Any other answer than `expected` is an error.
pub async fn run(shop: &Url, pace: &Pace, next: Next, expected: StatusCode) -> Result<Value, Failed> {
    let mut connections = Vec::new();
    for _ in 0..pace.senders {
        connections.push(Connection::open(shop).await?);
    }
    let start = Instant::now() + Duration::from_secs_f64(pace.warm_up_seconds);
    let until = start + Duration::from_secs_f64(pace.seconds);
    let mut senders = JoinSet::new();
    for connection in connections {
        senders.spawn(sender(connection, next.clone(), expected, start, until));
    }
    let mut all = Counted::default();
    while let Some(counted) = senders.join_next().await {
        let counted = counted??;
        all.sent += counted.sent;
        all.latencies.extend(counted.latencies);
        all.bytes += counted.bytes;
        all.ended = all.ended.max(counted.ended);
    }
    let Some(ended) = all.ended else {
        return Err(Failed::Unexpected("there was nothing left to send before the measuring began".to_owned()));
    };
    all.latencies.sort_unstable();
    let seconds = (ended - start).as_secs_f64();
    let requests = all.latencies.len();
    Ok(json!({
        "sent": all.sent,
        "requests": requests,
        "seconds": seconds,
        "rate": as_f64(requests) / seconds,
        "p50_ms": percentile(&all.latencies, 50),
        "p99_ms": percentile(&all.latencies, 99),
        "bytes": all.bytes / requests,
    }))
}

async fn sender(
    mut connection: Connection,
    next: Next,
    expected: StatusCode,
    start: Instant,
    until: Instant,
) -> Result<Counted, Failed> {
    let mut counted = Counted::default();
    loop {
        let begun = Instant::now();
        if begun >= until {
            break;
        }
        let Some(request) = next() else { break };
        let answer = connection.send(request, expected).await?;
        counted.sent += 1;
        if begun >= start {
            let ended = Instant::now();
            counted.latencies.push(ended - begun);
            counted.bytes += answer.body.len();
            counted.ended = Some(ended);
        }
    }
    Ok(counted)
}

/// A percentile in milliseconds, of latencies in ascending order.
fn percentile(latencies: &[Duration], percent: usize) -> f64 {
    let index = (latencies.len() * percent / 100).min(latencies.len().saturating_sub(1));
    latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^52")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let latencies: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert!((percentile(&latencies, 50) - 51.0).abs() < f64::EPSILON);
        assert!((percentile(&latencies, 99) - 100.0).abs() < f64::EPSILON);
        assert!((percentile(&latencies[..1], 99) - 1.0).abs() < f64::EPSILON);
        assert!(percentile(&[], 50).abs() < f64::EPSILON);
    }
}
