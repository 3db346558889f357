//! Applies refunds and disputes to a purchase.

#[cfg(test)]
mod tests;

use super::{
    Billing, BillingError, attention,
    outcome::{APPLIED, Applied, Attempt, Discrepancy, NOTHING_NEW},
    trigger::{ATTEMPTS_MAX, Trigger},
};
use crate::{
    event::{EventStatus, ReversalUpdate},
    ids::{PurchaseId, TenantId},
    provider::{CheckoutSession, PaymentRecord},
    purchase::{Purchase, State},
    reversal::{ObservedAt, Reversals, Snapshot},
    store::{Change, Committed},
};

/// Refunds and disputes of a payment as observed: in the provider's books, or in an event.
pub(super) struct Observation<'a> {
    /// The payment; `None` for the purchase's own.
    pub(super) payment_ref: Option<&'a str>,
    /// Whether real money moved.
    pub(super) livemode: bool,
    /// When it was observed.
    pub(super) observed: ObservedAt,
    /// The refunds and disputes.
    pub(super) snapshots: &'a [Snapshot],
}

impl<'a> Observation<'a> {
    /// An observation of the purchase's own payment, with no refund or dispute that is not known already.
    pub(super) fn nothing_new(session: &CheckoutSession) -> Self {
        let observed = ObservedAt::default();
        Self { payment_ref: None, livemode: session.livemode, observed, snapshots: &[] }
    }

    /// The provider's books.
    pub(super) fn of_record(record: &'a PaymentRecord) -> Self {
        Self {
            payment_ref: Some(&record.payment_ref),
            livemode: record.livemode,
            observed: ObservedAt::new(record.observed_at, record.observed_at),
            snapshots: &record.snapshots,
        }
    }

    /// An event's own figures.
    fn of_event(trigger: Trigger<'_>, update: &'a ReversalUpdate) -> Self {
        let received_at = trigger.received_at().unwrap_or_default();
        Self {
            payment_ref: update.payment_ref.as_deref(),
            livemode: update.livemode,
            observed: ObservedAt::new(update.made_at.unwrap_or(received_at), received_at),
            snapshots: &update.snapshots,
        }
    }
}

impl Billing {
    /// Asks the provider for the payment's refunds and disputes, and applies them. If the provider has no such payment
    /// (mock mode), the event's own figures are used.
    pub(super) async fn apply_reversal_event(
        &self,
        trigger: Trigger<'_>,
        update: &ReversalUpdate,
    ) -> Result<Attempt, BillingError> {
        let Some(reference) = update.payment_ref.as_deref().or(update.charge_ref.as_deref()) else {
            return self.close_or_ignore(trigger, None, "names no payment").await;
        };
        let record = self.provider.retrieve_payment(reference).await.inspect_err(attention::report)?;
        let Some((tenant, id)) = self.locate_reversal(update, record.as_ref()).await? else {
            return match record {
                // Every payment of this shop carries its purchase's id.
                Some(PaymentRecord { purchase_id: None, .. }) => {
                    self.close_or_ignore(trigger, None, "not a payment of this shop").await
                }
                // The notification of the payment itself may still be under way.
                record => {
                    let ours = record.and_then(|record| record.tenant_id.zip(record.purchase_id));
                    Ok(Attempt::TooEarly { why: "no purchase of this shop has that payment", ours })
                }
            };
        };
        let record = record.map(PaymentRecord::readable).transpose().inspect_err(attention::report)?;
        if let (None, Some(field)) = (&record, update.unreadable) {
            return self.raise_unreadable(trigger, Some((tenant, id)), &format!("no usable {field}")).await;
        }
        let observation =
            record.as_ref().map_or_else(|| Observation::of_event(trigger, update), Observation::of_record);
        let applied = self.apply_reversals(tenant, id, &observation, trigger).await?;
        self.close_or_ignore(trigger, applied, "not a payment of this shop").await
    }

    async fn locate_reversal(
        &self,
        update: &ReversalUpdate,
        record: Option<&PaymentRecord>,
    ) -> Result<Option<(TenantId, PurchaseId)>, BillingError> {
        let payment_ref = record.map(|record| &record.payment_ref).or(update.payment_ref.as_ref());
        if let Some(payment_ref) = payment_ref
            && let Some(located) = self.store.locate_payment(payment_ref).await?
        {
            return Ok(Some(located));
        }
        match record.and_then(|record| record.purchase_id).or(update.purchase_id) {
            Some(id) => Ok(self.store.locate("", Some(id)).await?),
            None => Ok(None),
        }
    }

    /// Brings a purchase to the snapshots; `None` when the tenant has no such purchase. Those of a purchase that is not
    /// paid yet are kept, and booked when it is.
    pub(super) async fn apply_reversals(
        &self,
        tenant: TenantId,
        id: PurchaseId,
        observation: &Observation<'_>,
        trigger: Trigger<'_>,
    ) -> Result<Option<Applied>, BillingError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
            if let Some(discrepancy) = self.contradicts(&purchase, observation) {
                self.raise_attention(&purchase, discrepancy, trigger).await?;
                return Ok(Some(Applied::Discrepant(purchase, discrepancy)));
            }
            let Some(change) = self.reversal_change(&purchase, observation, trigger)? else {
                self.close_about(trigger, (tenant, id), EventStatus::Applied, NOTHING_NEW).await?;
                return Ok(Some(Applied::Unchanged(purchase)));
            };
            if self.store.commit(&change).await? == Committed::Yes {
                let written = Purchase { version: change.purchase.version + 1, ..change.purchase };
                if written.state == purchase.state && written.reversals.agrees_with(&purchase.reversals) {
                    return Ok(Some(Applied::Unchanged(written)));
                }
                tracing::info!(purchase = %written.id, status = %written.status(), "refunds or disputes of a purchase were applied");
                return Ok(Some(Applied::Changed(written)));
            }
        }
        Err(BillingError::Contended)
    }

    fn contradicts(&self, purchase: &Purchase, observation: &Observation<'_>) -> Option<Discrepancy> {
        if observation.livemode != self.provider.livemode() {
            return Some(Discrepancy::Livemode);
        }
        match (purchase.payment_ref.as_deref(), observation.payment_ref) {
            (Some(known), Some(told)) if known != told => Some(Discrepancy::Payment),
            _ => None,
        }
    }

    fn reversal_change(
        &self,
        purchase: &Purchase,
        observation: &Observation<'_>,
        trigger: Trigger<'_>,
    ) -> Result<Option<Change>, BillingError> {
        let now = self.now();
        let (reversals, entries) = if purchase.state.paid_at().is_some() {
            let mut reversals = purchase.reversals.clone();
            let postings = reversals.record_and_post(observation.snapshots, observation.observed, purchase.sold());
            (reversals, self.entries_for(purchase, postings, now))
        } else {
            (recorded(&purchase.reversals, observation), Vec::new())
        };
        let all_went_back = reversals.refunded(purchase.sold()) >= purchase.item.price.cents;
        let state = match purchase.state {
            State::Paid(_) if all_went_back => purchase.state.refund(now)?,
            state => state,
        };
        if state == purchase.state && reversals == purchase.reversals {
            return Ok(None);
        }
        // The time of the observation is stored too, because an older snapshot may still come.
        let is_news = state != purchase.state || !reversals.agrees_with(&purchase.reversals);
        let note = if is_news { APPLIED } else { NOTHING_NEW };
        let payment_ref = purchase.payment_ref.clone().or_else(|| observation.payment_ref.map(str::to_owned));
        Ok(Some(Change {
            purchase: Purchase { state, reversals, payment_ref, updated_at: now, ..purchase.clone() },
            entries,
            event: trigger.applied(purchase, note, now),
            outbox: Vec::new(),
        }))
    }
}

fn recorded(known: &Reversals, observation: &Observation<'_>) -> Reversals {
    let mut reversals = known.clone();
    for snapshot in observation.snapshots {
        reversals.record(snapshot, observation.observed);
    }
    reversals
}
