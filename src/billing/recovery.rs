//! Recovery: completes what a crash, a fault or a lost notification left unfinished. Run by every process's worker, and
//! by hand.
//!
//! Several processes share the work: each claims what is due under a lease, so that no two work on the same row. If two
//! do all the same, the second has no effect.

use jiff::{SignedDuration, Timestamp};

use super::{
    Billing, BillingError, attention,
    outcome::{Applied, Processed},
    settlement::SessionContext,
    trigger::Trigger,
};
use crate::{
    event::{IncomingEvent, StoredEvent},
    ids::{PurchaseId, TenantId},
    purchase::{FailureReason, Purchase, State, Status},
    store::{AccountStore, Change, Committed},
};

/// How long a claim reserves a row for one process. The work on it has to end within that time, so each claim takes one
/// row.
pub const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long the call that opens a session may be repeated. Stripe keeps an idempotency key for a day
/// (<https://docs.stripe.com/api/idempotent_requests>); after that, the call could open a second session. An older
/// order without a session is closed instead.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(22);
/// How far back Stripe lists events (<https://docs.stripe.com/api/events>).
const EVENTS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far a backfill reaches back behind the last one: notifications can become visible slightly out of order.
const BACKFILL_OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// The result of recovering one purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurchaseChecked {
    /// The purchase.
    pub id: PurchaseId,
    /// Its status before.
    pub before: Status,
    /// Its status now.
    pub after: Status,
}

impl Billing {
    /// Applies stored events that are due, at most `limit`. Returns how many. `read` parses an event from its bytes.
    pub async fn retry_events(
        &self,
        read: &(dyn Fn(&StoredEvent) -> IncomingEvent + Sync),
        limit: u32,
    ) -> Result<usize, BillingError> {
        let now = self.now();
        let claimed = self.store.claim_events(now, now + LEASE, limit).await?;
        for event in &claimed {
            let meaning = read(event).meaning;
            self.apply_or_defer(event.id, &meaning, event.attempts).await?;
        }
        Ok(claimed.len())
    }

    /// Asks the provider about PENDING purchases that are due, at most `limit`. Returns how many. Settles a purchase,
    /// fails it, or opens the checkout session that a crash left unopened. If the provider does not answer, the
    /// purchase falls due again when the lease ends.
    pub async fn check_pending(&self, accounts: &dyn AccountStore, limit: u32) -> Result<usize, BillingError> {
        let now = self.now();
        let claimed = self.store.claim_pending(now, now + LEASE, limit).await?;
        for (tenant, id) in &claimed {
            if let Err(error) = self.check_one(accounts, *tenant, *id).await {
                tracing::warn!(purchase = %id, %error, "a pending purchase could not be checked");
            }
        }
        Ok(claimed.len())
    }

    async fn check_purchase(
        &self,
        accounts: &dyn AccountStore,
        tenant: TenantId,
        id: PurchaseId,
    ) -> Result<Option<Purchase>, BillingError> {
        let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
        let session = self.provider.retrieve_checkout(&purchase).await.inspect_err(attention::report)?;
        if let Some(session) = session {
            let applied = self.apply_checkout(tenant, id, &session, SessionContext::None, Trigger::Request).await?;
            return Ok(applied.map(Applied::into_purchase));
        }
        if purchase.created_at + KEY_LIFE < self.now() {
            return self.close_orphan(purchase).await.map(Some);
        }
        if purchase.checkout.is_some() {
            return Ok(Some(purchase));
        }
        let Some(account) = accounts.account(purchase.ordered_by).await? else { return Ok(Some(purchase)) };
        match self.open_checkout(&account.principal, purchase).await {
            Ok(opened) => Ok(Some(opened)),
            Err(super::OrderError::Billing(error)) => Err(error),
            // `open_checkout` has stored the refusal.
            Err(_) => Ok(self.store.purchase(tenant, id).await?),
        }
    }

    /// Fails an order whose session is unknown, to the shop or to the provider. If a session exists all the same and is
    /// paid, its notification still settles the purchase: FAILED can become PAID.
    async fn close_orphan(&self, purchase: Purchase) -> Result<Purchase, BillingError> {
        if !matches!(purchase.state, State::Pending(_)) {
            return Ok(purchase);
        }
        let now = self.now();
        let state = purchase.state.fail(FailureReason::Expired, now)?;
        let closed = Purchase { state, updated_at: now, ..purchase.clone() };
        let change = Change { purchase: closed.clone(), entries: Vec::new(), event: None, outbox: Vec::new() };
        match self.store.commit(&change).await? {
            Committed::Yes => Ok(Purchase { version: closed.version + 1, ..closed }),
            Committed::Stale => Ok(self.store.purchase(purchase.tenant_id, purchase.id).await?.unwrap_or(purchase)),
        }
    }

    /// Fetches the notifications that were missed while the webhook could not be reached, and ingests them like any
    /// other. Returns how many were new. The time up to which this was done is stored; without one, the backfill starts
    /// at the beginning of the provider's list.
    pub async fn backfill(&self) -> Result<u32, BillingError> {
        let started = self.now();
        let known = self.store.backfilled_until().await?;
        let since = known.map_or(started - EVENTS_KEPT, |until| (until - BACKFILL_OVERLAP).max(started - EVENTS_KEPT));
        let mut page: Option<String> = None;
        let mut news = 0_u32;
        loop {
            let fetched = self.provider.events_since(since, page.as_deref()).await.inspect_err(attention::report)?;
            for event in fetched.events {
                news += u32::from(self.receive_if_new(event).await?);
            }
            page = fetched.next_page;
            if page.is_none() {
                break;
            }
        }
        self.store.set_backfilled_until(started).await?;
        Ok(news)
    }

    /// Ignores whether the event could be applied: it is stored, and [`Billing::retry_events`] retries it.
    async fn receive_if_new(&self, event: IncomingEvent) -> Result<bool, BillingError> {
        let known = self.store.event(&event.provider_event_id).await?.is_some();
        if !known {
            self.receive_event(event).await?;
        }
        Ok(!known)
    }

    /// For the operator: up to `limit` of the newest events, or of those of one status.
    pub async fn events(
        &self,
        status: Option<crate::event::EventStatus>,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, BillingError> {
        Ok(self.store.events(status, limit).await?)
    }

    /// For the operator: one event, by our id or the provider's.
    pub async fn event(&self, id: &str) -> Result<Option<StoredEvent>, BillingError> {
        Ok(self.store.event(id).await?)
    }

    /// For the operator: applies a stored event again, also one that needed attention or was ignored.
    pub async fn replay_event(&self, event: &StoredEvent, meaning: &IncomingEvent) -> Result<Processed, BillingError> {
        self.apply_or_defer(event.id, &meaning.meaning, 1).await
    }

    /// For the operator: the PENDING purchases ordered before an instant, oldest first.
    pub async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, BillingError> {
        Ok(self.store.pending_since(before).await?)
    }

    /// For the operator: asks the provider about one PENDING purchase, due or not.
    pub async fn check_one(
        &self,
        accounts: &dyn AccountStore,
        tenant: TenantId,
        id: PurchaseId,
    ) -> Result<Option<PurchaseChecked>, BillingError> {
        let checked = self.check_purchase(accounts, tenant, id).await?;
        Ok(checked.map(|purchase| PurchaseChecked { id, before: Status::Pending, after: purchase.status() }))
    }
}
