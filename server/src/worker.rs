//! The worker: in every process, beside the pages, it takes up what a crash, a fault or silence left behind. The work
//! itself is the domain's ([`billing::billing`]); here is only when.

use std::{sync::Arc, time::Duration};

use billing::{Billing, account::AccountStore, billing::RECEIPTS_AT_ONCE, receipt::Issuer};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::stripe::event;

/// Stored events that did not apply; most wait for seconds.
const EVENTS_EVERY: Duration = Duration::from_secs(1);
/// PENDING purchases that are due to be asked about.
const PENDING_EVERY: Duration = Duration::from_secs(5);
/// The provider's list of events, for those whose notification never came.
const BACKFILL_EVERY: Duration = Duration::from_mins(10);
/// Paid purchases that have no receipt yet.
const RECEIPTS_EVERY: Duration = Duration::from_secs(1);
/// How much one round takes up, so that several processes share a backlog.
const BATCH: u32 = 20;

/// What the worker works upon.
#[derive(Clone)]
pub struct Worker {
    /// The use cases.
    pub billing: Billing,
    /// For the addresses that checkout sessions are opened with.
    pub accounts: Arc<dyn AccountStore>,
    /// Whether there is a provider to ask. In mock mode, asking about a session pays it: nobody asks by themselves.
    pub asks_provider: bool,
    /// What receipts are issued upon.
    pub issuer: Issuer,
}

impl Worker {
    /// Works until `shutdown`. A round that fails is logged, and the next one comes.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut events = every(EVENTS_EVERY);
        let mut pending = every(PENDING_EVERY);
        let mut backfill = every(BACKFILL_EVERY);
        let mut receipts = every(RECEIPTS_EVERY);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = events.tick() => self.retry_events().await,
                _ = pending.tick(), if self.asks_provider => self.check_pending().await,
                _ = backfill.tick(), if self.asks_provider => self.backfill().await,
                _ = receipts.tick() => self.number_receipts().await,
            }
        }
    }

    async fn retry_events(&self) {
        if let Err(error) = self.billing.retry_events(&|stored| event::read(&stored.payload), BATCH).await {
            tracing::warn!(%error, "stored events could not be taken up");
        }
    }

    async fn check_pending(&self) {
        if let Err(error) = self.billing.check_pending(self.accounts.as_ref(), BATCH).await {
            tracing::warn!(%error, "pending purchases could not be checked");
        }
    }

    async fn backfill(&self) {
        match self.billing.backfill().await {
            Ok(0) => {}
            Ok(missed) => tracing::warn!(missed, "events were fetched whose notification had not come"),
            Err(error) => tracing::warn!(%error, "the provider's list of events could not be read"),
        }
    }

    /// All there are: one batch after the other, since they must not wait for a shop that is new to receipts.
    async fn number_receipts(&self) {
        loop {
            match self.billing.number_receipts(&self.issuer).await {
                Ok(RECEIPTS_AT_ONCE..) => {}
                Ok(_) => return,
                Err(error) => return tracing::warn!(%error, "receipts could not be numbered"),
            }
        }
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}
