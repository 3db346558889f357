//! Taking in the provider's notifications: stored first, applied second.

use jiff::SignedDuration;

use super::{Applied, Billing, BillingError, checkout::Hint};
use crate::{
    event::{EventMeaning, EventStatus, IncomingEvent, NewEvent},
    ids::EventId,
    provider::CheckoutSession,
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

/// How applying an event went.
pub(super) enum Progress {
    /// It is finished.
    Done(Received),
    /// What it is about is not known yet, and may come.
    TooEarly(&'static str),
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

/// How often an event is looked at whose payment is no purchase's: some half an hour. Other business on the same
/// account looks like this, too.
const TOO_EARLY_ATTEMPTS: i64 = 5;

impl Billing {
    /// Takes in a verified notification. An error means that it could not be stored, and should be sent again;
    /// whatever goes wrong after that is ours to mend, so it is [`Received::Deferred`].
    pub async fn receive_event(&self, incoming: IncomingEvent) -> Result<Received, BillingError> {
        let now = self.now();
        let event = NewEvent { id: EventId::new(now, self.entropy.as_ref()), incoming, received_at: now };
        let id = match self.store.record_event(&event).await? {
            Recorded::New => event.id,
            // Stored before, but not applied: a crash in between, or a fault that may be over.
            Recorded::Known { id, status: EventStatus::Received } => id,
            Recorded::Known { status: EventStatus::Ignored, .. } => return Ok(Received::Ignored),
            Recorded::Known { status: EventStatus::Attention, .. } => return Ok(Received::Attention),
            Recorded::Known { status: EventStatus::Applied, .. } => return Ok(Received::Applied),
        };
        Ok(self.apply_or_defer(id, &event.incoming.meaning, 1).await?.0)
    }

    /// Applies a stored event; what goes wrong puts it off, the longer the more often it was tried, and after the last
    /// time a person has to look.
    pub(super) async fn apply_or_defer(
        &self,
        id: EventId,
        meaning: &EventMeaning,
        attempt: i64,
    ) -> Result<(Received, String), BillingError> {
        let why = match self.apply_event(id, meaning).await {
            Ok(Progress::Done(received)) => return Ok((received, String::new())),
            Ok(Progress::TooEarly(why)) if attempt > TOO_EARLY_ATTEMPTS => {
                self.finish(Some(id), EventStatus::Ignored, why).await?;
                return Ok((Received::Ignored, why.to_owned()));
            }
            Ok(Progress::TooEarly(why)) => why.to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(event = %id, attempt, why, "the event is stored, but could not be applied yet");
        let Some(wait) = usize::try_from(attempt - 1).ok().and_then(|done| RETRY_AFTER.get(done)) else {
            tracing::error!(event = %id, attempt, why, "the event could not be applied; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => "retries_exhausted").increment(1);
            self.finish(Some(id), EventStatus::Attention, &why).await?;
            return Ok((Received::Attention, why));
        };
        // Should this fail as well, the lease or the provider's own repetition brings the event up again.
        if let Err(error) = self.store.defer_event(id, self.now() + *wait, &why).await {
            tracing::warn!(event = %id, %error, "the event could not be put off");
        }
        Ok((Received::Deferred, why))
    }

    async fn apply_event(&self, id: EventId, meaning: &EventMeaning) -> Result<Progress, BillingError> {
        match meaning {
            EventMeaning::Checkout(session) => self.apply_session(id, session, Hint::None).await,
            EventMeaning::PaymentFailed(session) => self.apply_session(id, session, Hint::PaymentFailed).await,
            EventMeaning::Reversal(news) => self.apply_reversal(id, news).await,
            EventMeaning::Irrelevant(why) => {
                self.finish(Some(id), EventStatus::Ignored, why).await?;
                Ok(Progress::Done(Received::Ignored))
            }
            EventMeaning::Unreadable(why) => {
                tracing::error!(event = %id, why, "an authentic event cannot be read; a person has to look");
                metrics::counter!("billing_attention_total", "reason" => "unreadable").increment(1);
                self.finish(Some(id), EventStatus::Attention, why).await?;
                Ok(Progress::Done(Received::Attention))
            }
        }
    }

    async fn apply_session(
        &self,
        id: EventId,
        session: &CheckoutSession,
        hint: Hint,
    ) -> Result<Progress, BillingError> {
        let located = self.store.locate(&session.provider_ref, session.purchase_id).await?;
        let applied = match located {
            Some((tenant, purchase)) => self.apply_checkout(tenant, purchase, session, hint, Some(id)).await?,
            None => None,
        };
        self.applied_or_foreign(id, applied, "not a checkout session of this shop").await
    }

    pub(super) async fn applied_or_foreign(
        &self,
        id: EventId,
        applied: Option<Applied>,
        foreign: &'static str,
    ) -> Result<Progress, BillingError> {
        match applied {
            Some(Applied::Changed(_) | Applied::Unchanged(_)) => Ok(Progress::Done(Received::Applied)),
            Some(Applied::Discrepant(..)) => Ok(Progress::Done(Received::Attention)),
            None => {
                self.finish(Some(id), EventStatus::Ignored, foreign).await?;
                Ok(Progress::Done(Received::Ignored))
            }
        }
    }
}
