//! The trigger of a change to a purchase, and the outcome of an event that is one.

use jiff::Timestamp;

use super::{
    Billing, BillingError,
    outcome::{APPLIED, Applied, Attempt, Discrepancy, NOTHING_NEW, Processed, Received},
};
use crate::{
    event::{ClosedEvent, EventOutcome, EventStatus, NewEvent},
    ids::{EventId, PurchaseId, TenantId},
    purchase::Purchase,
};

/// How many times a change is decided and written before giving up. Each stale attempt means that another change was
/// written, and a purchase has fewer transitions than this.
pub(super) const ATTEMPTS_MAX: u32 = 16;

/// The trigger of a change to a purchase.
#[derive(Clone, Copy)]
pub(super) enum Trigger<'a> {
    /// A request, or the worker.
    Request,
    /// An event that is stored in the same transaction as what it triggers.
    NewEvent(&'a NewEvent),
    /// An event that is stored already.
    StoredEvent(EventId),
}

impl Trigger<'_> {
    /// When the event was received, if the trigger is one.
    pub(super) fn received_at(self) -> Option<Timestamp> {
        match self {
            Self::Request => None,
            Self::NewEvent(event) => Some(event.received_at),
            Self::StoredEvent(id) => id.made_at(),
        }
    }

    /// The outcome of the event and its purchase, if the trigger is an event.
    fn closed(
        self,
        purchase: Option<(TenantId, PurchaseId)>,
        status: EventStatus,
        note: &str,
        at: Timestamp,
    ) -> Option<ClosedEvent> {
        let outcome = |id| EventOutcome { id, status, note: note.to_owned(), at, purchase };
        match self {
            Self::Request => None,
            Self::NewEvent(event) => Some(ClosedEvent { outcome: outcome(event.id), arriving: Some(event.clone()) }),
            Self::StoredEvent(id) => Some(outcome(id).into()),
        }
    }

    pub(super) fn applied(self, purchase: &Purchase, note: &str, at: Timestamp) -> Option<ClosedEvent> {
        self.closed(Some((purchase.tenant_id, purchase.id)), EventStatus::Applied, note, at)
    }
}

impl Billing {
    pub(super) async fn close_or_ignore(
        &self,
        trigger: Trigger<'_>,
        applied: Option<Applied>,
        foreign: &'static str,
    ) -> Result<Attempt, BillingError> {
        Ok(Attempt::Done(match applied {
            Some(Applied::Changed(_)) => Processed::new(Received::Applied, APPLIED),
            Some(Applied::Unchanged(_)) => Processed::new(Received::Applied, NOTHING_NEW),
            Some(Applied::Discrepant(_, discrepancy)) => Processed::new(Received::Attention, discrepancy.to_string()),
            None => {
                self.close(trigger, EventStatus::Ignored, foreign).await?;
                Processed::new(Received::Ignored, foreign)
            }
        }))
    }

    pub(super) async fn raise_attention(
        &self,
        purchase: &Purchase,
        discrepancy: Discrepancy,
        trigger: Trigger<'_>,
    ) -> Result<(), BillingError> {
        let about = (purchase.tenant_id, purchase.id);
        if self.close_about(trigger, about, EventStatus::Attention, &discrepancy.to_string()).await? {
            tracing::error!(purchase = %purchase.id, %discrepancy, "nothing was booked; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => discrepancy.label()).increment(1);
        }
        Ok(())
    }

    /// Closes an event that cannot be read, with its purchase where that is known.
    pub(super) async fn raise_unreadable(
        &self,
        trigger: Trigger<'_>,
        purchase: Option<(TenantId, PurchaseId)>,
        why: &str,
    ) -> Result<Attempt, BillingError> {
        let news = match purchase {
            Some(purchase) => self.close_about(trigger, purchase, EventStatus::Attention, why).await?,
            None => self.close(trigger, EventStatus::Attention, why).await?,
        };
        if news {
            tracing::error!(why, "an authentic event cannot be read; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => "unreadable").increment(1);
        }
        Ok(Attempt::Done(Processed::new(Received::Attention, why)))
    }

    /// Closes the event, if the trigger is one, without a purchase. `false` when the event had this outcome already.
    pub(super) async fn close(
        &self,
        trigger: Trigger<'_>,
        status: EventStatus,
        note: &str,
    ) -> Result<bool, BillingError> {
        self.close_event(trigger.closed(None, status, note, self.now())).await
    }

    /// Like [`close`](Self::close), with the event's purchase.
    pub(super) async fn close_about(
        &self,
        trigger: Trigger<'_>,
        purchase: (TenantId, PurchaseId),
        status: EventStatus,
        note: &str,
    ) -> Result<bool, BillingError> {
        self.close_event(trigger.closed(Some(purchase), status, note, self.now())).await
    }

    async fn close_event(&self, event: Option<ClosedEvent>) -> Result<bool, BillingError> {
        match event {
            Some(event) => Ok(self.store.close_event(&event).await?),
            None => Ok(true),
        }
    }
}
