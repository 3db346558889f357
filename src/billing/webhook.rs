//! Taking in the provider's notifications: stored first, applied second.

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
        let received = self.apply_event(id, &event.incoming.meaning).await;
        Ok(received.unwrap_or_else(|error| {
            tracing::error!(event = %id, %error, "the event is stored, but could not be applied");
            Received::Deferred
        }))
    }

    async fn apply_event(&self, id: EventId, meaning: &EventMeaning) -> Result<Received, BillingError> {
        match meaning {
            EventMeaning::Checkout(session) => self.apply_session(id, session, Hint::None).await,
            EventMeaning::PaymentFailed(session) => self.apply_session(id, session, Hint::PaymentFailed).await,
            EventMeaning::Irrelevant(why) => {
                self.finish(Some(id), EventStatus::Ignored, why).await?;
                Ok(Received::Ignored)
            }
            EventMeaning::Unreadable(why) => {
                tracing::error!(event = %id, why, "an authentic event cannot be read; a person has to look");
                metrics::counter!("billing_attention_total", "reason" => "unreadable").increment(1);
                self.finish(Some(id), EventStatus::Attention, why).await?;
                Ok(Received::Attention)
            }
        }
    }

    async fn apply_session(
        &self,
        id: EventId,
        session: &CheckoutSession,
        hint: Hint,
    ) -> Result<Received, BillingError> {
        let located = self.store.locate(&session.provider_ref, session.purchase_id).await?;
        let applied = match located {
            Some((tenant, purchase)) => self.apply_checkout(tenant, purchase, session, hint, Some(id)).await?,
            None => None,
        };
        match applied {
            Some(Applied::Changed(_) | Applied::Unchanged(_)) => Ok(Received::Applied),
            Some(Applied::Discrepant(..)) => Ok(Received::Attention),
            None => {
                self.finish(Some(id), EventStatus::Ignored, "not a checkout session of this shop").await?;
                Ok(Received::Ignored)
            }
        }
    }
}
