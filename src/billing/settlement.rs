//! Settles a purchase by how its checkout session stands.

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::{
    Billing, BillingError,
    outcome::{APPLIED, Applied, Discrepancy, NOTHING_NEW},
    trigger::{ATTEMPTS_MAX, Trigger},
};
use crate::{
    event::EventStatus,
    ids::EntryId,
    ledger::{EntryKind, NewEntry, Source},
    mail::{NewMail, Topic},
    money::Currency,
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    purchase::{Checkout, Failed, FailureReason, Purchase, State},
    reversal::Posting,
    store::{Change, Committed},
};

/// What an event says in addition to the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionContext {
    /// Nothing.
    None,
    /// The buyer has discarded the purchase: that is why the session has expired.
    Discarded,
    /// A delayed payment has failed: an unpaid session stays unpaid.
    PaymentFailed,
}

/// The result of [`Billing::settle`].
pub(super) struct Settlement {
    /// What was written; `None` when the tenant has no such purchase.
    pub(super) applied: Option<Applied>,
    /// Whether the purchase is paid and has refunds or disputes that are still to be applied.
    pub(super) reversals_due: bool,
}

impl From<Option<Applied>> for Settlement {
    /// Nothing is left to be applied.
    fn from(applied: Option<Applied>) -> Self {
        Self { applied, reversals_due: false }
    }
}

/// The change that a session makes to its purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// It is paid: PAID, and the credits are booked.
    Settle,
    /// It will not be paid: FAILED.
    Fail(FailureReason),
    /// Only the id of the session or of the payment is new.
    RecordReference,
    /// Nothing is new.
    Nothing,
    /// The session contradicts the purchase.
    Refuse(Discrepancy),
}

/// Decides how a session changes its purchase. A pure function, with the whole table of checkout events.
pub(super) fn decide(
    purchase: &Purchase,
    session: &CheckoutSession,
    livemode: bool,
    context: SessionContext,
) -> Decision {
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
    let dropped = session.status == SessionStatus::Expired && context == SessionContext::Discarded;
    match purchase.state {
        State::Pending(_) | State::Failed(_) if money_is_there => match amount_discrepancy(purchase, session) {
            Some(discrepancy) => Decision::Refuse(discrepancy),
            None => Decision::Settle,
        },
        // When a buyer discards a purchase, the notification that its session expired can come before the provider's
        // answer.
        State::Pending(_) | State::Failed(Failed { reason: FailureReason::Expired, .. }) if dropped => {
            Decision::Fail(FailureReason::Cancelled)
        }
        State::Paid(_) | State::Refunded(_) | State::Failed(_) => Decision::Nothing,
        State::Pending(_) => match (session.status, context) {
            (SessionStatus::Expired, _) => Decision::Fail(FailureReason::Expired),
            (_, SessionContext::PaymentFailed) => Decision::Fail(FailureReason::PaymentFailed),
            _ if session.payment == PaymentStatus::Failed => Decision::Fail(FailureReason::PaymentFailed),
            _ if is_news(purchase, session) => Decision::RecordReference,
            _ => Decision::Nothing,
        },
    }
}

/// The amount and currency must be those of the order.
fn amount_discrepancy(purchase: &Purchase, session: &CheckoutSession) -> Option<Discrepancy> {
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

/// The payment of a session that the buyer has finished. After a declined card an open session names a payment too, but
/// the buyer may still use another one.
fn begun_payment(session: &CheckoutSession) -> Option<&String> {
    session.payment_ref.as_ref().filter(|_| session.status == SessionStatus::Complete)
}

impl Billing {
    /// Decides how the session changes its purchase, and writes the change. A purchase that has changed since it was
    /// read is read again.
    pub(super) async fn settle(
        &self,
        mut purchase: Purchase,
        session: &CheckoutSession,
        context: SessionContext,
        trigger: Trigger<'_>,
    ) -> Result<Settlement, BillingError> {
        let (tenant, id) = (purchase.tenant_id, purchase.id);
        for _ in 0..ATTEMPTS_MAX {
            let decision = decide(&purchase, session, self.provider.livemode(), context);
            let state = match decision {
                Decision::Settle => purchase.state.pay(self.now())?,
                Decision::Fail(reason) => purchase.state.fail(reason, self.now())?,
                Decision::RecordReference => purchase.state,
                // The process may have crashed between the two commits of a settlement with refunds or disputes
                // (below).
                Decision::Nothing if purchase.state.paid_at().is_some() && !purchase.reversals.is_empty() => {
                    return Ok(Settlement { applied: Some(Applied::Unchanged(purchase)), reversals_due: true });
                }
                Decision::Nothing => {
                    self.close_about(trigger, (tenant, id), EventStatus::Applied, NOTHING_NEW).await?;
                    return Ok(Some(Applied::Unchanged(purchase)).into());
                }
                Decision::Refuse(discrepancy) => {
                    self.raise_attention(&purchase, discrepancy, trigger).await?;
                    return Ok(Some(Applied::Discrepant(purchase, discrepancy)).into());
                }
            };
            // Refunds and disputes that came before the payment are booked with it. The change of state is a second
            // commit, and only that one closes the event.
            let follows = decision == Decision::Settle && !purchase.reversals.is_empty();
            let change =
                self.change(purchase, state, session, &decision, if follows { Trigger::Request } else { trigger });
            if self.store.commit(&change).await? == Committed::Yes {
                let written = Purchase { version: change.purchase.version + 1, ..change.purchase };
                tracing::info!(purchase = %written.id, status = %written.status(), "purchase changed");
                return Ok(Settlement { applied: Some(Applied::Changed(written)), reversals_due: follows });
            }
            let Some(changed) = self.store.purchase(tenant, id).await? else { return Ok(None.into()) };
            purchase = changed;
        }
        Err(BillingError::Contended)
    }

    fn change(
        &self,
        purchase: Purchase,
        state: State,
        session: &CheckoutSession,
        decision: &Decision,
        trigger: Trigger<'_>,
    ) -> Change {
        let now = self.now();
        let (mut postings, mut outbox) = (Vec::new(), Vec::new());
        if *decision == Decision::Settle {
            let credits = purchase.item.credits;
            postings.push(Posting { kind: EntryKind::Purchase, effect_ref: String::new(), credits });
            postings.extend(purchase.reversals.postings(purchase.sold()));
            outbox.push(NewMail::due_at_once(Topic::Confirmation(purchase.tenant_id, purchase.id), now));
        }
        let entries = self.entries_for(&purchase, postings, now);
        // The notification can arrive before the order has stored the session that it opened.
        let checkout = purchase.checkout.clone().or_else(|| {
            let url = session.url.clone().unwrap_or_default();
            Some(Checkout { provider_ref: session.provider_ref.clone(), url })
        });
        let payment_ref = begun_payment(session).or(purchase.payment_ref.as_ref()).cloned();
        Change {
            event: trigger.applied(&purchase, APPLIED, now),
            purchase: Purchase { state, checkout, payment_ref, updated_at: now, ..purchase },
            entries,
            outbox,
        }
    }

    pub(super) fn entries_for(&self, purchase: &Purchase, postings: Vec<Posting>, now: Timestamp) -> Vec<NewEntry> {
        let entry = |posting: Posting| NewEntry {
            id: EntryId::new(now, self.entropy.as_ref()),
            tenant_id: purchase.tenant_id,
            source: Source::Purchase(purchase.id),
            kind: posting.kind,
            effect_ref: posting.effect_ref,
            credits: posting.credits,
            created_at: now,
        };
        postings.into_iter().map(entry).collect()
    }
}
