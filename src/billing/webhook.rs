//! Taking in the provider's notifications: stored first, applied second.

use jiff::SignedDuration;

use super::{
    Applied, Billing, BillingError,
    checkout::{APPLIED, Cause, Hint, NOTHING_NEW},
};
use crate::{
    event::{EventMeaning, EventStatus, IncomingEvent, NewEvent, Unreadable},
    ids::{EventId, PurchaseId, TenantId},
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    store::Recorded,
};

/// What became of a notification. Once it is any of these, it is safely stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It has had its effect, now or before.
    Applied,
    /// It is kept, and has none.
    Ignored,
    /// It is kept, and a person has to look.
    Attention,
    /// It is kept; applying it failed for now.
    Deferred,
}

/// What applying a stored event came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Processed {
    /// What became of it.
    pub received: Received,
    /// Why, for the operator; no personal data. The event's own note can be older: an event that needed attention
    /// keeps it when it cannot be applied again.
    pub why: String,
}

impl Processed {
    pub(super) fn new(received: Received, why: impl Into<String>) -> Self {
        Self { received, why: why.into() }
    }
}

/// How applying an event went.
pub(super) enum Progress {
    /// It is finished.
    Done(Processed),
    /// What it is about is not known yet, and may come.
    TooEarly {
        /// What is missing.
        why: &'static str,
        /// The purchase, where the provider's books say that it is this shop's.
        ours: Option<(TenantId, PurchaseId)>,
    },
}

/// How long an event waits after each attempt that did not work: some three days in all, as long as the provider
/// itself repeats (<https://docs.stripe.com/webhooks#retries>).
const RETRY_AFTER: [SignedDuration; 10] = [
    SignedDuration::from_secs(2),
    SignedDuration::from_secs(10),
    SignedDuration::from_secs(60),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(12),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(30),
];

/// The note of an event about another shop's checkout session.
const FOREIGN_SESSION: &str = "not a checkout session of this shop";

/// How often an event is looked at whose payment is no purchase's: some half an hour. Other business on the same
/// account looks like this, too.
const TOO_EARLY_ATTEMPTS: i64 = 5;

/// A notification that is stored and still to be applied.
#[derive(Clone, Debug)]
pub struct StillToApply {
    id: EventId,
    meaning: EventMeaning,
}

/// What taking in a notification has come to. Either way, it is safely stored.
#[derive(Clone, Debug)]
pub enum TakenIn {
    /// It is dealt with.
    Done(Received),
    /// It is stored; [`Billing::apply_taken_in`] goes on, and may have to ask the provider, or the worker does.
    Stored(StillToApply),
}

impl Billing {
    /// Takes in a verified notification. An error means that it could not be stored, and should be sent again. What
    /// can be decided without asking the provider is applied in the very transaction that stores it.
    pub async fn take_in(&self, incoming: IncomingEvent) -> Result<TakenIn, BillingError> {
        let now = self.now();
        let event = NewEvent { id: EventId::new(now, self.entropy.as_ref()), incoming, received_at: now };
        match self.apply_event(Cause::Arriving(&event), &event.incoming.meaning).await {
            Ok(Progress::Done(done)) => return Ok(TakenIn::Done(done.received)),
            Ok(Progress::TooEarly { .. }) => {}
            Err(error) => tracing::warn!(event = %event.id, %error, "an event could not be applied as it came"),
        }
        let id = match self.store.record_event(&event).await? {
            Recorded::New => event.id,
            // Stored before, but not applied: a crash in between, or a fault that may be over.
            Recorded::Known { id, status: EventStatus::Received } => id,
            Recorded::Known { status: EventStatus::Ignored, .. } => return Ok(TakenIn::Done(Received::Ignored)),
            Recorded::Known { status: EventStatus::Attention, .. } => return Ok(TakenIn::Done(Received::Attention)),
            Recorded::Known { status: EventStatus::Applied, .. } => return Ok(TakenIn::Done(Received::Applied)),
        };
        Ok(TakenIn::Stored(StillToApply { id, meaning: event.incoming.meaning }))
    }

    /// Applies a notification that was only stored; whatever goes wrong is ours to mend, so it is
    /// [`Received::Deferred`]. May be dropped half way: the worker takes the event up.
    pub async fn apply_taken_in(&self, event: &StillToApply) -> Result<Received, BillingError> {
        Ok(self.apply_or_defer(event.id, &event.meaning, 1).await?.received)
    }

    /// Takes in a verified notification and applies it, however long that takes.
    pub async fn receive_event(&self, incoming: IncomingEvent) -> Result<Received, BillingError> {
        match self.take_in(incoming).await? {
            TakenIn::Done(received) => Ok(received),
            TakenIn::Stored(event) => self.apply_taken_in(&event).await,
        }
    }

    /// Applies a stored event; what goes wrong puts it off, the longer the more often it was tried, and after the last
    /// time a person has to look.
    pub(super) async fn apply_or_defer(
        &self,
        id: EventId,
        meaning: &EventMeaning,
        attempt: i64,
    ) -> Result<Processed, BillingError> {
        let why = match self.apply_event(Cause::Stored(id), meaning).await {
            Ok(Progress::Done(done)) => return Ok(done),
            Ok(Progress::TooEarly { why, ours }) if attempt > TOO_EARLY_ATTEMPTS => {
                if let Some((tenant, purchase)) = ours {
                    return self.raise_unknown_purchase(Cause::Stored(id), tenant, purchase).await;
                }
                self.close(Cause::Stored(id), EventStatus::Ignored, why).await?;
                return Ok(Processed::new(Received::Ignored, why));
            }
            Ok(Progress::TooEarly { why, .. }) => why.to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(event = %id, attempt, why, "the event is stored, but could not be applied yet");
        let Some(wait) = usize::try_from(attempt - 1).ok().and_then(|done| RETRY_AFTER.get(done)) else {
            tracing::error!(event = %id, attempt, why, "the event could not be applied; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => "retries_exhausted").increment(1);
            self.close(Cause::Stored(id), EventStatus::Attention, &why).await?;
            return Ok(Processed::new(Received::Attention, why));
        };
        // Should this fail as well, the lease or the provider's own repetition brings the event up again.
        if let Err(error) = self.store.defer_event(id, self.now() + *wait, &why).await {
            tracing::warn!(event = %id, %error, "the event could not be put off");
        }
        Ok(Processed::new(Received::Deferred, why))
    }

    async fn apply_event(&self, cause: Cause<'_>, meaning: &EventMeaning) -> Result<Progress, BillingError> {
        match (meaning, cause) {
            (EventMeaning::Checkout(session), _) => self.apply_session(cause, session, Hint::None).await,
            (EventMeaning::PaymentFailed(session), _) => self.apply_session(cause, session, Hint::PaymentFailed).await,
            (EventMeaning::Reversal(news), Cause::Stored(id)) => self.apply_reversal(id, news).await,
            // The provider has to be asked about it, and that is done for stored events alone.
            (EventMeaning::Reversal(_), Cause::Asked | Cause::Arriving(_)) => {
                Ok(Progress::TooEarly { why: "not stored yet", ours: None })
            }
            (EventMeaning::Irrelevant(why), _) => {
                self.close(cause, EventStatus::Ignored, why).await?;
                Ok(Progress::Done(Processed::new(Received::Ignored, *why)))
            }
            (EventMeaning::Unreadable(unreadable), _) => self.apply_unreadable(cause, unreadable).await,
        }
    }

    /// Whose it is comes first: what is wrong with another shop's session is not this shop's concern.
    async fn apply_unreadable(&self, cause: Cause<'_>, unreadable: &Unreadable) -> Result<Progress, BillingError> {
        let Unreadable { why, session } = unreadable;
        let Some(session) = session else { return self.raise_unreadable(cause, None, why).await };
        let known = self.store.locate(&session.provider_ref, session.purchase_id).await?;
        match known.or(session.tenant_id.zip(session.purchase_id)) {
            Some(purchase) => self.raise_unreadable(cause, Some(purchase), why).await,
            None => self.applied_or_foreign(cause, None, FOREIGN_SESSION).await,
        }
    }

    /// Closes an event that cannot be read, about that purchase if it is known.
    pub(super) async fn raise_unreadable(
        &self,
        cause: Cause<'_>,
        purchase: Option<(TenantId, PurchaseId)>,
        why: &str,
    ) -> Result<Progress, BillingError> {
        let news = match purchase {
            Some(purchase) => self.close_about(cause, purchase, EventStatus::Attention, why).await?,
            None => self.close(cause, EventStatus::Attention, why).await?,
        };
        if news {
            tracing::error!(why, "an authentic event cannot be read; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => "unreadable").increment(1);
        }
        Ok(Progress::Done(Processed::new(Received::Attention, why)))
    }

    async fn apply_session(
        &self,
        cause: Cause<'_>,
        session: &CheckoutSession,
        hint: Hint,
    ) -> Result<Progress, BillingError> {
        // The shop's own sessions say whose they are; of others, the ids are looked up.
        if let (Some(tenant), Some(purchase)) = (session.tenant_id, session.purchase_id)
            && let Some(applied) = self.apply_checkout(tenant, purchase, session, hint, cause).await?
        {
            return self.applied_or_foreign(cause, Some(applied), "").await;
        }
        if let Some((tenant, purchase)) = self.store.locate(&session.provider_ref, session.purchase_id).await? {
            let applied = self.apply_checkout(tenant, purchase, session, hint, cause).await?;
            return self.applied_or_foreign(cause, applied, FOREIGN_SESSION).await;
        }
        match (session.tenant_id, session.purchase_id) {
            (Some(_), Some(_)) if !moves_money(session, hint) => {
                self.applied_or_foreign(cause, None, "no money came, and there is no such purchase").await
            }
            (Some(tenant), Some(purchase)) => {
                self.raise_unknown_purchase(cause, tenant, purchase).await.map(Progress::Done)
            }
            _ => self.applied_or_foreign(cause, None, FOREIGN_SESSION).await,
        }
    }

    pub(super) async fn applied_or_foreign(
        &self,
        cause: Cause<'_>,
        applied: Option<Applied>,
        foreign: &'static str,
    ) -> Result<Progress, BillingError> {
        Ok(Progress::Done(match applied {
            Some(Applied::Changed(_)) => Processed::new(Received::Applied, APPLIED),
            Some(Applied::Unchanged(_)) => Processed::new(Received::Applied, NOTHING_NEW),
            Some(Applied::Discrepant(_, discrepancy)) => Processed::new(Received::Attention, discrepancy.to_string()),
            None => {
                self.close(cause, EventStatus::Ignored, foreign).await?;
                Processed::new(Received::Ignored, foreign)
            }
        }))
    }
}

/// Whether money has come by a session, or is promised.
fn moves_money(session: &CheckoutSession, hint: Hint) -> bool {
    let promised = session.status == SessionStatus::Complete && hint != Hint::PaymentFailed;
    match session.payment {
        PaymentStatus::Paid | PaymentStatus::NotRequired => true,
        PaymentStatus::Unpaid => promised,
        PaymentStatus::Failed => false,
    }
}
