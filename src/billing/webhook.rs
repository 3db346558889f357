//! Ingests and processes the provider's events.

use jiff::SignedDuration;

use super::{
    Billing, BillingError,
    outcome::{Attempt, Processed, Received},
    settlement::SessionContext,
    trigger::Trigger,
};
use crate::{
    event::{EventMeaning, EventStatus, IncomingEvent, NewEvent, Unreadable},
    ids::EventId,
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    store::Recorded,
};

/// The pause after each failed attempt: some three days in all, as long as the provider itself retries
/// (<https://docs.stripe.com/webhooks#retries>).
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

/// How many times an event is tried whose payment belongs to no purchase, within some half an hour. The payments of
/// other applications on the same account look like this too.
const TOO_EARLY_ATTEMPTS: i64 = 5;

/// The result of ingesting an event. Either way it is stored.
#[derive(Clone, Debug)]
pub enum Ingested {
    /// It is finished.
    Done(Received),
    /// It waits for [`Billing::process`], which may have to ask the provider. The worker processes what the caller does
    /// not.
    Pending(PendingEvent),
}

/// A stored event that is not processed yet.
#[derive(Clone, Debug)]
pub struct PendingEvent {
    id: EventId,
    meaning: EventMeaning,
}

impl Billing {
    /// Stores a verified event. If it can be applied without asking the provider, the same transaction applies it. An
    /// error means that the event is not stored, and has to be sent again.
    pub async fn ingest(&self, incoming: IncomingEvent) -> Result<Ingested, BillingError> {
        let now = self.now();
        let event = NewEvent { id: EventId::new(now, self.entropy.as_ref()), incoming, received_at: now };
        if !event.incoming.meaning.needs_provider() {
            match self.apply_event(Trigger::NewEvent(&event), &event.incoming.meaning).await {
                Ok(Attempt::Done(done)) => return Ok(Ingested::Done(done.received)),
                Ok(Attempt::TooEarly { .. }) => {}
                Err(error) => tracing::warn!(event = %event.id, %error, "an event could not be applied as it came"),
            }
        }
        let id = match self.store.record_event(&event).await? {
            Recorded::New => event.id,
            // Stored before, but not applied, because of a crash or a fault that may be over.
            Recorded::Known { id, status: EventStatus::Received } => id,
            Recorded::Known { status: EventStatus::Ignored, .. } => return Ok(Ingested::Done(Received::Ignored)),
            Recorded::Known { status: EventStatus::Attention, .. } => return Ok(Ingested::Done(Received::Attention)),
            Recorded::Known { status: EventStatus::Applied, .. } => return Ok(Ingested::Done(Received::Applied)),
        };
        Ok(Ingested::Pending(PendingEvent { id, meaning: event.incoming.meaning }))
    }

    /// Processes an event that is stored but not applied. If that fails, the event is retried ([`Received::Deferred`]).
    /// Cancel-safe: the worker retries the event.
    pub async fn process(&self, event: &PendingEvent) -> Result<Received, BillingError> {
        Ok(self.apply_or_defer(event.id, &event.meaning, 1).await?.received)
    }

    /// Ingests a verified event and processes it.
    pub async fn receive_event(&self, incoming: IncomingEvent) -> Result<Received, BillingError> {
        match self.ingest(incoming).await? {
            Ingested::Done(received) => Ok(received),
            Ingested::Pending(event) => self.process(&event).await,
        }
    }

    /// Applies a stored event. If that fails, defers it with growing pauses, and after the last attempt marks it for
    /// attention.
    pub(super) async fn apply_or_defer(
        &self,
        id: EventId,
        meaning: &EventMeaning,
        attempt: i64,
    ) -> Result<Processed, BillingError> {
        let why = match self.apply_event(Trigger::StoredEvent(id), meaning).await {
            Ok(Attempt::Done(done)) => return Ok(done),
            Ok(Attempt::TooEarly { why, ours }) if attempt > TOO_EARLY_ATTEMPTS => {
                if let Some((tenant, purchase)) = ours {
                    return self.raise_unknown_purchase(Trigger::StoredEvent(id), tenant, purchase).await;
                }
                self.close(Trigger::StoredEvent(id), EventStatus::Ignored, why).await?;
                return Ok(Processed::new(Received::Ignored, why));
            }
            Ok(Attempt::TooEarly { why, .. }) => why.to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::warn!(event = %id, attempt, why, "the event is stored, but could not be applied yet");
        let Some(wait) = usize::try_from(attempt - 1).ok().and_then(|done| RETRY_AFTER.get(done)) else {
            tracing::error!(event = %id, attempt, why, "the event could not be applied; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => "retries_exhausted").increment(1);
            self.close(Trigger::StoredEvent(id), EventStatus::Attention, &why).await?;
            return Ok(Processed::new(Received::Attention, why));
        };
        // If this fails too, the event is retried when its lease ends, or when the provider sends it again.
        if let Err(error) = self.store.defer_event(id, self.now() + *wait, &why).await {
            tracing::warn!(event = %id, %error, "the event could not be put off");
        }
        Ok(Processed::new(Received::Deferred, why))
    }

    async fn apply_event(&self, trigger: Trigger<'_>, meaning: &EventMeaning) -> Result<Attempt, BillingError> {
        match meaning {
            EventMeaning::Checkout(session) => self.apply_session(trigger, session, SessionContext::None).await,
            EventMeaning::PaymentFailed(session) => {
                self.apply_session(trigger, session, SessionContext::PaymentFailed).await
            }
            EventMeaning::Reversal(update) => self.apply_reversal_event(trigger, update).await,
            EventMeaning::Irrelevant(why) => {
                self.close(trigger, EventStatus::Ignored, why).await?;
                Ok(Attempt::Done(Processed::new(Received::Ignored, *why)))
            }
            EventMeaning::Unreadable(unreadable) => self.apply_unreadable(trigger, unreadable).await,
        }
    }

    /// Ownership is checked first: a broken session of another application needs no attention here.
    async fn apply_unreadable(&self, trigger: Trigger<'_>, unreadable: &Unreadable) -> Result<Attempt, BillingError> {
        let Unreadable { why, session } = unreadable;
        let Some(session) = session else { return self.raise_unreadable(trigger, None, why).await };
        let known = self.store.locate(&session.provider_ref, session.purchase_id).await?;
        match known.or(session.tenant_id.zip(session.purchase_id)) {
            Some(purchase) => self.raise_unreadable(trigger, Some(purchase), why).await,
            None => self.close_or_ignore(trigger, None, FOREIGN_SESSION).await,
        }
    }

    async fn apply_session(
        &self,
        trigger: Trigger<'_>,
        session: &CheckoutSession,
        context: SessionContext,
    ) -> Result<Attempt, BillingError> {
        // The metadata of the shop's own sessions names tenant and purchase; otherwise the ids are looked up.
        if let (Some(tenant), Some(purchase)) = (session.tenant_id, session.purchase_id)
            && let Some(applied) = self.apply_checkout(tenant, purchase, session, context, trigger).await?
        {
            return self.close_or_ignore(trigger, Some(applied), "").await;
        }
        if let Some((tenant, purchase)) = self.store.locate(&session.provider_ref, session.purchase_id).await? {
            let applied = self.apply_checkout(tenant, purchase, session, context, trigger).await?;
            return self.close_or_ignore(trigger, applied, FOREIGN_SESSION).await;
        }
        match (session.tenant_id, session.purchase_id) {
            (Some(_), Some(_)) if !moves_money(session, context) => {
                self.close_or_ignore(trigger, None, "no money came, and there is no such purchase").await
            }
            (Some(tenant), Some(purchase)) => {
                self.raise_unknown_purchase(trigger, tenant, purchase).await.map(Attempt::Done)
            }
            _ => self.close_or_ignore(trigger, None, FOREIGN_SESSION).await,
        }
    }
}

/// Whether a session is paid, or a delayed payment for it is under way.
fn moves_money(session: &CheckoutSession, context: SessionContext) -> bool {
    let promised = session.status == SessionStatus::Complete && context != SessionContext::PaymentFailed;
    match session.payment {
        PaymentStatus::Paid | PaymentStatus::NotRequired => true,
        PaymentStatus::Unpaid => promised,
        PaymentStatus::Failed => false,
    }
}
