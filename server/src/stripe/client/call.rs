//! A call to Stripe: attempts, until one has a clear outcome or the retry policy allows no more.
//!
//! Only what may be repeated is called this way: reading, a POST with an idempotency key, and one whose second time
//! changes nothing.

use std::time::Duration;

use billing::clock::Entropy;
use serde_json::Value;
use stripe_client_core::RequestBuilder;
use tokio::time::{Instant, sleep, timeout};

use super::{
    outcome::{Fault, judge},
    wire::Wire,
};

/// How long, how often, and how quickly a call is tried.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// For everything that one operation asks of Stripe together.
    pub operation_time_max: Duration,
    /// For one exchange.
    pub exchange_time_max: Duration,
    /// Exchanges for one call.
    pub exchanges_max: u32,
    /// The most that is waited after the first exchange; doubled after each further one.
    pub first_pause_max: Duration,
}

impl RetryPolicy {
    /// While a buyer looks on.
    pub const BUYER: Self = Self {
        operation_time_max: Duration::from_secs(20),
        exchange_time_max: Duration::from_secs(8),
        exchanges_max: 4,
        first_pause_max: Duration::from_millis(400),
    };

    /// Full jitter: anything up to the bound, so that those whom one fault has stopped do not come back together.
    fn pause(&self, exchanges: u32, entropy: &dyn Entropy) -> Duration {
        let bound = self.first_pause_max.saturating_mul(2_u32.saturating_pow(exchanges.saturating_sub(1)));
        let [first, second, ..] = entropy.bytes();
        bound.mul_f64(f64::from(u16::from_be_bytes([first, second])) / f64::from(u16::MAX))
    }
}

/// One operation of the shop's at Stripe, of one or several calls under one deadline.
pub struct Operation<'a> {
    /// The operation's name in the log and the metrics.
    pub name: &'static str,
    /// The connections.
    pub wire: &'a Wire,
    /// For jitter.
    pub entropy: &'a dyn Entropy,
    /// When to give up trying again.
    pub retry_policy: RetryPolicy,
    /// When to give up altogether.
    pub deadline: Instant,
}

impl Operation<'_> {
    /// Asks until there is a clear answer. `key` makes a POST repeatable, and is the same in every exchange.
    pub async fn call(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Value, Fault> {
        let mut exchanges = 0;
        loop {
            exchanges += 1;
            let fault = match self.exchange(request, key).await {
                Ok(object) => {
                    self.count("ok");
                    return Ok(object);
                }
                Err(fault) => fault,
            };
            self.count(fault.label());
            let Fault::Unclear { detail, retry_after, repeat: true } = &fault else { return Err(fault) };
            let pause = self.retry_policy.pause(exchanges, self.entropy).max(retry_after.unwrap_or_default());
            let left = self.deadline.saturating_duration_since(Instant::now());
            let give_up = exchanges >= self.retry_policy.exchanges_max || pause >= left;
            tracing::warn!(operation = self.name, exchanges, detail, give_up, "Stripe gave no clear answer");
            if give_up {
                return Err(fault);
            }
            sleep(pause).await;
        }
    }

    async fn exchange(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Value, Fault> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match timeout(self.retry_policy.exchange_time_max.min(left), self.wire.exchange(request, key)).await {
            Ok(Ok(answer)) => judge(&answer),
            Ok(Err(cut_off)) => Err(Fault::unclear(cut_off)),
            Err(_) => Err(Fault::unclear("no answer in time")),
        }
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!("stripe_exchanges_total", "operation" => self.name, "outcome" => outcome).increment(1);
    }
}
