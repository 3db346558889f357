//! A call to Stripe, retried with back-off until an attempt has a clear outcome.
//!
//! Used only for requests that may be repeated: reads, a POST with an idempotency key, and a POST that changes nothing
//! the second time.

use std::time::Duration;

use billing::clock::Entropy;
use serde_json::Value;
use stripe_client_core::RequestBuilder;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::bytes::Bytes;

use super::{
    outcome::{Fault, judge},
    wire::Wire,
};

/// The most attempts of a call, and its timeouts.
#[derive(Clone, Copy, Debug)]
pub struct RetryPolicy {
    /// The timeout of an operation, with all its calls.
    pub operation_time_max: Duration,
    /// The timeout of an attempt.
    pub attempt_time_max: Duration,
    /// The most attempts of a call.
    pub attempts_max: u32,
    /// The longest back-off after the first attempt; it doubles with each further one.
    pub first_backoff_max: Duration,
}

impl RetryPolicy {
    /// The policy for requests during which a buyer waits.
    pub const BUYER: Self = Self {
        operation_time_max: Duration::from_secs(20),
        attempt_time_max: Duration::from_secs(8),
        attempts_max: 4,
        first_backoff_max: Duration::from_millis(400),
    };

    /// Exponential back-off with full jitter, so that clients that failed together do not all come back at once
    /// (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>).
    fn backoff(&self, attempts: u32, entropy: &dyn Entropy) -> Duration {
        let bound = self.first_backoff_max.saturating_mul(2_u32.saturating_pow(attempts.saturating_sub(1)));
        let [first, second, ..] = entropy.bytes();
        bound.mul_f64(f64::from(u16::from_be_bytes([first, second])) / f64::from(u16::MAX))
    }
}

/// One operation of the payment provider: one or several calls under one deadline.
pub struct Operation<'a> {
    /// The operation's name in the log and the metrics.
    pub name: &'static str,
    /// The connections to Stripe.
    pub wire: &'a Wire,
    /// The randomness for jitter.
    pub entropy: &'a dyn Entropy,
    /// How each call is retried.
    pub retry_policy: RetryPolicy,
    /// When the operation ends, even if a call is still running.
    pub deadline: Instant,
}

/// Stripe's answer to a successful call.
pub struct Answered {
    /// The object, without values that cannot be read.
    pub object: Value,
    /// Its bytes.
    pub body: Bytes,
}

impl Operation<'_> {
    /// Sends the request until there is a clear answer. `key` is the idempotency key of all attempts.
    pub async fn call(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Value, Fault> {
        Ok(self.call_raw(request, key).await?.object)
    }

    /// Like [`call`](Self::call), with the answer's bytes.
    pub async fn call_raw(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Answered, Fault> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let fault = match self.attempt(request, key).await {
                Ok(answered) => {
                    self.count("ok");
                    return Ok(answered);
                }
                Err(fault) => fault,
            };
            self.count(fault.label());
            let Fault::Unclear { detail, retry_after, repeat: true } = &fault else { return Err(fault) };
            let backoff = self.retry_policy.backoff(attempts, self.entropy).max(retry_after.unwrap_or_default());
            let left = self.deadline.saturating_duration_since(Instant::now());
            let give_up = attempts >= self.retry_policy.attempts_max || backoff >= left;
            tracing::warn!(operation = self.name, attempts, detail, give_up, "Stripe gave no clear answer");
            if give_up {
                return Err(fault);
            }
            sleep(backoff).await;
        }
    }

    async fn attempt(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Answered, Fault> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match timeout(self.retry_policy.attempt_time_max.min(left), self.wire.send(request, key)).await {
            Ok(Ok(answer)) => Ok(Answered { object: judge(&answer)?, body: answer.body }),
            Ok(Err(cut_off)) => Err(Fault::unclear(cut_off)),
            Err(_) => Err(Fault::unclear("no answer in time")),
        }
    }

    fn count(&self, outcome: &'static str) {
        metrics::counter!("stripe_requests_total", "operation" => self.name, "outcome" => outcome).increment(1);
    }
}
