//! The worker: recovers from crashes, faults and missed notifications, in every process. The use cases are in
//! [`billing::billing`]; this schedules them.
//!
//! Each job is a task of its own ([`crate::tasks`]), so that a job that waits for the provider does not delay the
//! others. A round claims one row at a time, and ends or is dropped before its lease does, so that no two processes
//! work on the same row.

use std::{sync::Arc, time::Duration};

use billing::{
    Billing,
    billing::{LEASE, RECEIPTS_AT_ONCE},
    receipt::Issuer,
    store::AccountStore,
};

use crate::{
    stripe::event,
    tasks::{Job, Next},
};

/// For stored events that could not be applied; most wait only for seconds.
const EVENTS_EVERY: Duration = Duration::from_secs(1);
/// For PENDING purchases that are due for a query to the provider.
const PENDING_EVERY: Duration = Duration::from_secs(5);
/// For the provider's list of events, which has those whose notification was lost.
const BACKFILL_EVERY: Duration = Duration::from_mins(10);
/// For paid purchases that have no receipt yet.
const RECEIPTS_EVERY: Duration = Duration::from_secs(1);
/// How much earlier than its lease a round has to end.
const LEASE_MARGIN: Duration = Duration::from_secs(20);
/// The timeout of a backfill: enough for the provider's list of thirty days. The events of a round that times out stay
/// stored.
const BACKFILL_TIME_MAX: Duration = Duration::from_mins(15);
/// The timeout of one batch of receipts.
const RECEIPTS_TIME_MAX: Duration = Duration::from_secs(30);

/// The dependencies of the jobs.
#[derive(Clone)]
pub struct Worker {
    /// The use cases.
    pub billing: Billing,
    /// For the e-mail addresses with which checkout sessions are opened.
    pub accounts: Arc<dyn AccountStore>,
    /// Whether the worker may ask the provider. In mock mode it must not, because retrieving a session pays it.
    pub asks_provider: bool,
    /// The seller and VAT rate on receipts.
    pub issuer: Issuer,
}

impl Worker {
    /// The jobs that repeat as long as the process serves.
    pub fn jobs(&self) -> Vec<Job> {
        let leased = LEASE.unsigned_abs().saturating_sub(LEASE_MARGIN);
        let mut jobs = vec![
            self.job("events", EVENTS_EVERY, leased, Self::retry_event),
            self.job("receipts", RECEIPTS_EVERY, RECEIPTS_TIME_MAX, Self::number_receipts),
        ];
        if self.asks_provider {
            jobs.push(self.job("pending", PENDING_EVERY, leased, Self::check_pending));
            jobs.push(self.job("backfill", BACKFILL_EVERY, BACKFILL_TIME_MAX, Self::backfill));
        }
        jobs
    }

    fn job<R>(&self, name: &'static str, period: Duration, time_max: Duration, round: fn(Self) -> R) -> Job
    where
        R: Future<Output = Next> + Send + 'static,
    {
        let worker = self.clone();
        Job::new(name, period, time_max, move || round(worker.clone()))
    }

    async fn retry_event(self) -> Next {
        match self.billing.retry_events(&|stored| event::read(&stored.payload), 1).await {
            Ok(claimed) => after(claimed),
            Err(error) => {
                tracing::warn!(%error, "stored events could not be taken up");
                Next::Wait
            }
        }
    }

    async fn check_pending(self) -> Next {
        match self.billing.check_pending(self.accounts.as_ref(), 1).await {
            Ok(claimed) => after(claimed),
            Err(error) => {
                tracing::warn!(%error, "pending purchases could not be checked");
                Next::Wait
            }
        }
    }

    async fn backfill(self) -> Next {
        match self.billing.backfill().await {
            Ok(0) => {}
            Ok(missed) => tracing::warn!(missed, "events were fetched whose notification had not come"),
            Err(error) => tracing::warn!(%error, "the provider's list of events could not be read"),
        }
        Next::Wait
    }

    /// Starts the next batch at once after a full one: on the first start of a version with receipts, many are due.
    async fn number_receipts(self) -> Next {
        match self.billing.number_receipts(&self.issuer).await {
            Ok(RECEIPTS_AT_ONCE..) => Next::AtOnce,
            Ok(_) => Next::Wait,
            Err(error) => {
                tracing::warn!(%error, "receipts could not be numbered");
                Next::Wait
            }
        }
    }
}

/// The next round starts at once if something was due.
fn after(claimed: usize) -> Next {
    if claimed > 0 { Next::AtOnce } else { Next::Wait }
}
