//! What follows from how a checkout session stands. Every way of learning it ends in [`Billing::apply_checkout`].

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{Billing, BillingError, attention, reversal::Evidence};
use crate::{
    event::{ClosedEvent, EventOutcome, EventStatus, NewEvent},
    ids::{EntryId, EventId, PurchaseId, TenantId},
    ledger::{EntryKind, NewEntry},
    money::Currency,
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    purchase::{Checkout, Failed, FailureReason, Purchase, State},
    reversal::Posting,
    store::{Change, Committed},
};

/// How often a change is made again because somebody else was quicker. Each time, somebody else's was written, and
/// a purchase has fewer moves than this.
pub(super) const ATTEMPTS_MAX: u32 = 16;

/// What came of a checkout session's news.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// The purchase has changed.
    Changed(Purchase),
    /// It was so already, or the news changes nothing.
    Unchanged(Purchase),
    /// The news contradicts the purchase: nothing was booked, and a person has to look.
    Discrepant(Purchase, Discrepancy),
}

impl Applied {
    /// The purchase as it stands now.
    pub fn into_purchase(self) -> Purchase {
        match self {
            Self::Changed(purchase) | Self::Unchanged(purchase) | Self::Discrepant(purchase, _) => purchase,
        }
    }
}

/// How a session contradicts the purchase that it is said to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Discrepancy {
    /// Another amount than was ordered.
    #[error("the session's amount is not the purchase's")]
    Amount,
    /// Another currency than was ordered.
    #[error("the session's currency is not the purchase's")]
    Currency,
    /// Test money for a live key, or the reverse.
    #[error("the session's livemode is not the key's")]
    Livemode,
    /// The purchase has another checkout session.
    #[error("the purchase has another checkout session")]
    Session,
    /// The purchase was paid by another payment.
    #[error("the purchase has another payment")]
    Payment,
}

impl Discrepancy {
    fn label(self) -> &'static str {
        match self {
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Livemode => "livemode",
            Self::Session => "session",
            Self::Payment => "payment",
        }
    }
}

/// What a buyer or an event has to say beside the session itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// Nothing.
    None,
    /// The buyer has dropped the purchase: an expired session is theirs.
    Dropped,
    /// A payment promised earlier has failed: an unpaid session stays unpaid.
    PaymentFailed,
}

/// The decision itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// The money is there: PAID, and the credits are booked.
    Settle,
    /// It will not come: FAILED.
    Fail(FailureReason),
    /// Nothing but the session's id or the payment's is news.
    Note,
    /// Nothing is news.
    Nothing,
    /// The session contradicts the purchase.
    Refuse(Discrepancy),
}

/// Decides what follows for a purchase from how its session stands. Pure; the whole table of checkout events is here.
pub(super) fn decide(purchase: &Purchase, session: &CheckoutSession, livemode: bool, hint: Hint) -> Decision {
    if session.livemode != livemode {
        return Decision::Refuse(Discrepancy::Livemode);
    }
    if purchase.checkout.as_ref().is_some_and(|checkout| checkout.provider_ref != session.provider_ref) {
        return Decision::Refuse(Discrepancy::Session);
    }
    let money_is_there = match session.payment {
        PaymentStatus::Paid | PaymentStatus::NotRequired => session.status == SessionStatus::Complete,
        PaymentStatus::Unpaid | PaymentStatus::Failed => false,
    };
    let dropped = session.status == SessionStatus::Expired && hint == Hint::Dropped;
    match purchase.state {
        State::Pending(_) | State::Failed(_) if money_is_there => match charged_otherwise(purchase, session) {
            Some(discrepancy) => Decision::Refuse(discrepancy),
            None => Decision::Settle,
        },
        // The notification that a session has ended can be quicker than the answer to the buyer who ended it.
        State::Pending(_) | State::Failed(Failed { reason: FailureReason::Expired, .. }) if dropped => {
            Decision::Fail(FailureReason::Cancelled)
        }
        State::Paid(_) | State::Refunded(_) | State::Failed(_) => Decision::Nothing,
        State::Pending(_) => match (session.status, hint) {
            (SessionStatus::Expired, _) => Decision::Fail(FailureReason::Expired),
            (_, Hint::PaymentFailed) => Decision::Fail(FailureReason::PaymentFailed),
            _ if session.payment == PaymentStatus::Failed => Decision::Fail(FailureReason::PaymentFailed),
            _ if is_news(purchase, session) => Decision::Note,
            _ => Decision::Nothing,
        },
    }
}

/// What is credited is what was sold: amount and currency as ordered.
fn charged_otherwise(purchase: &Purchase, session: &CheckoutSession) -> Option<Discrepancy> {
    let currency = session.currency.as_deref().and_then(|code| code.parse::<Currency>().ok());
    if currency != Some(purchase.item.price.currency) {
        Some(Discrepancy::Currency)
    } else if session.amount_total != Some(purchase.item.price.cents) {
        Some(Discrepancy::Amount)
    } else {
        None
    }
}

fn is_news(purchase: &Purchase, session: &CheckoutSession) -> bool {
    let begun = begun_payment(session);
    purchase.checkout.is_none() || (begun.is_some() && begun != purchase.payment_ref.as_ref())
}

/// The payment that the buyer is through with. An open session has one too, once a card was declined; nothing has been
/// paid by that, and the buyer may try another.
fn begun_payment(session: &CheckoutSession) -> Option<&String> {
    session.payment_ref.as_ref().filter(|_| session.status == SessionStatus::Complete)
}

/// The note of an event that had its effect.
pub(super) const APPLIED: &str = "applied";
/// The note of an event whose effect was there before.
pub(super) const NOTHING_NEW: &str = "nothing new";

/// What makes the shop look at a purchase.
#[derive(Clone, Copy)]
pub(super) enum Cause<'a> {
    /// Somebody asked.
    Asked,
    /// A notification that is not stored yet: it is stored with what it causes, in the same transaction.
    Arriving(&'a NewEvent),
    /// A stored notification.
    Stored(EventId),
}

impl Cause<'_> {
    /// How the event ends, if it is one, and which purchase it is about.
    fn closed(
        self,
        purchase: Option<(TenantId, PurchaseId)>,
        status: EventStatus,
        note: &str,
        at: Timestamp,
    ) -> Option<ClosedEvent> {
        let outcome = |id| EventOutcome { id, status, note: note.to_owned(), at, purchase };
        match self {
            Self::Asked => None,
            Self::Arriving(event) => Some(ClosedEvent { outcome: outcome(event.id), arriving: Some(event.clone()) }),
            Self::Stored(id) => Some(outcome(id).into()),
        }
    }

    pub(super) fn applied(self, purchase: &Purchase, at: Timestamp) -> Option<ClosedEvent> {
        self.closed(Some((purchase.tenant_id, purchase.id)), EventStatus::Applied, APPLIED, at)
    }
}

impl Billing {
    /// The buyer is back from the provider's page: asks the provider how the session stands, and acts upon it.
    /// `None` for a session that is unknown or another tenant's. In mock mode, this is the payment. A failed purchase is
    /// asked about, too, and what the provider does not answer is not known: late money must not be asked for twice.
    pub async fn confirm_checkout(
        &self,
        tenant: TenantId,
        provider_ref: &str,
    ) -> Result<Option<Purchase>, BillingError> {
        let Some(purchase) = self.store.purchase_by_checkout(tenant, provider_ref).await? else { return Ok(None) };
        if purchase.state.paid_at().is_some() {
            return Ok(Some(purchase));
        }
        self.ask_about(purchase).await
    }

    /// The buyer is back without having paid, or so it seems: asks the provider all the same, since a payment may have
    /// been made on another page. `None` for a purchase that is unknown or another tenant's. In mock mode, where asking
    /// pays, the purchase is given as it is.
    pub async fn check_unpaid(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, BillingError> {
        let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
        let may_be_paid = matches!(purchase.state, State::Pending(_)) && purchase.checkout.is_some();
        if !may_be_paid || self.provider.pays_on_retrieve() {
            return Ok(Some(purchase));
        }
        self.ask_about(purchase).await
    }

    /// Asks the provider how the session of a purchase stands, and acts upon it.
    async fn ask_about(&self, purchase: Purchase) -> Result<Option<Purchase>, BillingError> {
        let session = self.provider.retrieve_checkout(&purchase).await.inspect_err(attention::report)?;
        let Some(session) = session else {
            attention::report_missing_session(purchase.id);
            return Err(BillingError::SessionMissing);
        };
        let applied = self.apply_checkout(purchase.tenant_id, purchase.id, &session, Hint::None, Cause::Asked).await?;
        Ok(applied.map(Applied::into_purchase))
    }

    /// The buyer drops a purchase: its session is ended at the provider, so that nobody pays for it later. One that was
    /// paid in the meantime is settled instead. `None` for a purchase that is unknown or another tenant's.
    pub async fn discard(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, BillingError> {
        let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
        if !matches!(purchase.state, State::Pending(_)) {
            return Ok(Some(purchase));
        }
        let session = self.provider.expire_checkout(&purchase).await.inspect_err(attention::report)?;
        let Some(session) = session else {
            if purchase.checkout.is_none() {
                return Ok(Some(purchase));
            }
            attention::report_missing_session(purchase.id);
            return Err(BillingError::SessionMissing);
        };
        let applied = self.apply_checkout(tenant, id, &session, Hint::Dropped, Cause::Asked).await?;
        Ok(applied.map(Applied::into_purchase))
    }

    /// Acts upon how a purchase's session stands; `None` when the tenant has no such purchase. An event is closed in the
    /// same transaction as what it causes.
    pub(super) async fn apply_checkout(
        &self,
        tenant: TenantId,
        id: PurchaseId,
        session: &CheckoutSession,
        hint: Hint,
        cause: Cause<'_>,
    ) -> Result<Option<Applied>, BillingError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
            let decision = decide(&purchase, session, self.provider.livemode(), hint);
            let state = match decision {
                Decision::Settle => purchase.state.pay(self.now())?,
                Decision::Fail(reason) => purchase.state.fail(reason, self.now())?,
                Decision::Note => purchase.state,
                // A crash may have come between the two commits of a settlement with reversals, below.
                Decision::Nothing if purchase.state.paid_at().is_some() && !purchase.reversals.is_empty() => {
                    return self.apply_facts(tenant, id, &Evidence::nothing_new(session), cause).await;
                }
                Decision::Nothing => {
                    self.close_about(cause, (tenant, id), EventStatus::Applied, NOTHING_NEW).await?;
                    return Ok(Some(Applied::Unchanged(purchase)));
                }
                Decision::Refuse(discrepancy) => {
                    self.raise_attention(&purchase, discrepancy, cause).await?;
                    return Ok(Some(Applied::Discrepant(purchase, discrepancy)));
                }
            };
            // What went back before the payment was known is booked with it. The state follows in a commit of its own,
            // and only that one closes the event.
            let follows = decision == Decision::Settle && !purchase.reversals.is_empty();
            let change = self.change(purchase, state, session, &decision, if follows { Cause::Asked } else { cause });
            if self.store.commit(&change).await? == Committed::Yes {
                let written = Purchase { version: change.purchase.version + 1, ..change.purchase };
                tracing::info!(purchase = %written.id, status = %written.status(), "purchase changed");
                if !follows {
                    return Ok(Some(Applied::Changed(written)));
                }
                return self.apply_facts(tenant, id, &Evidence::nothing_new(session), cause).await;
            }
        }
        Err(BillingError::Contended)
    }

    fn change(
        &self,
        purchase: Purchase,
        state: State,
        session: &CheckoutSession,
        decision: &Decision,
        cause: Cause<'_>,
    ) -> Change {
        let now = self.now();
        let mut postings = Vec::new();
        if *decision == Decision::Settle {
            let credits = purchase.item.credits;
            postings.push(Posting { kind: EntryKind::Purchase, effect_ref: String::new(), credits });
            postings.extend(purchase.reversals.postings(purchase.sold()));
        }
        let entries = self.entries_for(&purchase, postings, now);
        // The notification can be here before the order has written down the session that it opened.
        let checkout = purchase.checkout.clone().or_else(|| {
            let url = session.url.clone().unwrap_or_default();
            Some(Checkout { provider_ref: session.provider_ref.clone(), url })
        });
        let payment_ref = begun_payment(session).or(purchase.payment_ref.as_ref()).cloned();
        Change {
            event: cause.applied(&purchase, now),
            purchase: Purchase { state, checkout, payment_ref, updated_at: now, ..purchase },
            entries,
            confirms: *decision == Decision::Settle,
        }
    }

    pub(super) fn entries_for(&self, purchase: &Purchase, postings: Vec<Posting>, now: Timestamp) -> Vec<NewEntry> {
        let entry = |posting: Posting| NewEntry {
            id: EntryId::new(now, self.entropy.as_ref()),
            tenant_id: purchase.tenant_id,
            purchase_id: purchase.id,
            kind: posting.kind,
            effect_ref: posting.effect_ref,
            credits: posting.credits,
            created_at: now,
        };
        postings.into_iter().map(entry).collect()
    }

    pub(super) async fn raise_attention(
        &self,
        purchase: &Purchase,
        discrepancy: Discrepancy,
        cause: Cause<'_>,
    ) -> Result<(), BillingError> {
        let about = (purchase.tenant_id, purchase.id);
        if self.close_about(cause, about, EventStatus::Attention, &discrepancy.to_string()).await? {
            tracing::error!(purchase = %purchase.id, %discrepancy, "nothing was booked; a person has to look");
            metrics::counter!("billing_attention_total", "reason" => discrepancy.label()).increment(1);
        }
        Ok(())
    }

    /// Closes the event that was the cause, if it was one; `false` when it stood so already. Which purchase it is about
    /// is not known.
    pub(super) async fn close(&self, cause: Cause<'_>, status: EventStatus, note: &str) -> Result<bool, BillingError> {
        self.close_event(cause.closed(None, status, note, self.now())).await
    }

    /// As [`close`](Self::close), of an event that is known to be about that purchase.
    pub(super) async fn close_about(
        &self,
        cause: Cause<'_>,
        purchase: (TenantId, PurchaseId),
        status: EventStatus,
        note: &str,
    ) -> Result<bool, BillingError> {
        self.close_event(cause.closed(Some(purchase), status, note, self.now())).await
    }

    async fn close_event(&self, event: Option<ClosedEvent>) -> Result<bool, BillingError> {
        match event {
            Some(event) => Ok(self.store.close_event(&event).await?),
            None => Ok(true),
        }
    }
}
