//! Refunds and disputes: bringing a purchase to what the provider's books say of its money.

use super::{
    Applied, Billing, BillingError, Discrepancy, attention,
    checkout::{ATTEMPTS_MAX, Cause, NOTHING_NEW},
    webhook::Progress,
};
use crate::{
    event::{EventStatus, ReversalUpdate},
    ids::{EventId, PurchaseId, TenantId},
    provider::{CheckoutSession, PaymentRecord},
    purchase::{Purchase, State},
    reversal::{Reversals, Snapshot},
    store::{Change, Committed},
};

/// What is known of a payment, from the provider's books or else from an event.
pub(super) struct Evidence<'a> {
    /// Which payment; `None` when it is the purchase's own, whatever that is.
    pub(super) payment_ref: Option<&'a str>,
    /// Whether real money moved.
    pub(super) livemode: bool,
    /// What went back.
    pub(super) snapshots: &'a [Snapshot],
}

impl Evidence<'_> {
    /// Of the purchase's own payment, whatever that is; all that went back is known already.
    pub(super) fn nothing_new(session: &CheckoutSession) -> Self {
        Self { payment_ref: None, livemode: session.livemode, snapshots: &[] }
    }
}

impl Billing {
    /// Asks the provider for its books on the payment, and brings the purchase to them. Where the provider has none to
    /// show (mock mode), the event's own figures count.
    pub(super) async fn apply_reversal(&self, event: EventId, news: &ReversalUpdate) -> Result<Progress, BillingError> {
        let Some(reference) = news.payment_ref.as_deref().or(news.charge_ref.as_deref()) else {
            return self.applied_or_foreign(Cause::Stored(event), None, "names no payment").await;
        };
        let record = self.provider.retrieve_payment(reference).await.inspect_err(attention::report)?;
        let Some((tenant, id)) = self.locate_reversal(news, record.as_ref()).await? else {
            return match record {
                // Every payment of this shop carries its purchase's id.
                Some(PaymentRecord { purchase_id: None, .. }) => {
                    self.applied_or_foreign(Cause::Stored(event), None, "not a payment of this shop").await
                }
                // The notification of the payment itself may still be under way.
                record => {
                    let ours = record.and_then(|record| record.tenant_id.zip(record.purchase_id));
                    Ok(Progress::TooEarly { why: "no purchase of this shop has that payment", ours })
                }
            };
        };
        let evidence = match &record {
            Some(record) => Evidence {
                payment_ref: Some(&record.payment_ref),
                livemode: record.livemode,
                snapshots: &record.snapshots,
            },
            None => Evidence {
                payment_ref: news.payment_ref.as_deref(),
                livemode: news.livemode,
                snapshots: &news.snapshots,
            },
        };
        let applied = self.apply_facts(tenant, id, &evidence, Cause::Stored(event)).await?;
        self.applied_or_foreign(Cause::Stored(event), applied, "not a payment of this shop").await
    }

    async fn locate_reversal(
        &self,
        news: &ReversalUpdate,
        record: Option<&PaymentRecord>,
    ) -> Result<Option<(TenantId, PurchaseId)>, BillingError> {
        let payment_ref = record.map(|record| &record.payment_ref).or(news.payment_ref.as_ref());
        if let Some(payment_ref) = payment_ref
            && let Some(located) = self.store.locate_payment(payment_ref).await?
        {
            return Ok(Some(located));
        }
        match record.and_then(|record| record.purchase_id).or(news.purchase_id) {
            Some(id) => Ok(self.store.locate("", Some(id)).await?),
            None => Ok(None),
        }
    }

    /// Brings a purchase to the snapshots; `None` when the tenant has no such purchase. Facts about a purchase that is not
    /// paid yet are kept, and booked when it is.
    pub(super) async fn apply_facts(
        &self,
        tenant: TenantId,
        id: PurchaseId,
        evidence: &Evidence<'_>,
        cause: Cause<'_>,
    ) -> Result<Option<Applied>, BillingError> {
        for _ in 0..ATTEMPTS_MAX {
            let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
            if let Some(discrepancy) = self.contradicts(&purchase, evidence) {
                self.raise_attention(&purchase, discrepancy, cause).await?;
                return Ok(Some(Applied::Discrepant(purchase, discrepancy)));
            }
            let Some(change) = self.reversal_change(&purchase, evidence, cause)? else {
                self.close_about(cause, (tenant, id), EventStatus::Applied, NOTHING_NEW).await?;
                return Ok(Some(Applied::Unchanged(purchase)));
            };
            if self.store.commit(&change).await? == Committed::Yes {
                let written = Purchase { version: change.purchase.version + 1, ..change.purchase };
                tracing::info!(purchase = %written.id, status = %written.status(), "money of a purchase went back or came again");
                return Ok(Some(Applied::Changed(written)));
            }
        }
        Err(BillingError::Contended)
    }

    fn contradicts(&self, purchase: &Purchase, evidence: &Evidence<'_>) -> Option<Discrepancy> {
        if evidence.livemode != self.provider.livemode() {
            return Some(Discrepancy::Livemode);
        }
        match (purchase.payment_ref.as_deref(), evidence.payment_ref) {
            (Some(known), Some(told)) if known != told => Some(Discrepancy::Payment),
            _ => None,
        }
    }

    fn reversal_change(
        &self,
        purchase: &Purchase,
        evidence: &Evidence<'_>,
        cause: Cause<'_>,
    ) -> Result<Option<Change>, BillingError> {
        let now = self.now();
        let (reversals, entries) = if purchase.state.paid_at().is_some() {
            let mut reversals = purchase.reversals.clone();
            let postings = reversals.record_and_post(evidence.snapshots, purchase.sold());
            (reversals, self.entries_for(purchase, postings, now))
        } else {
            (learnt(&purchase.reversals, evidence.snapshots), Vec::new())
        };
        let all_went_back = reversals.refunded(purchase.sold()) >= purchase.item.price.cents;
        let state = match purchase.state {
            State::Paid(_) if all_went_back => purchase.state.refund(now)?,
            state => state,
        };
        if state == purchase.state && reversals == purchase.reversals {
            return Ok(None);
        }
        let payment_ref = purchase.payment_ref.clone().or_else(|| evidence.payment_ref.map(str::to_owned));
        Ok(Some(Change {
            purchase: Purchase { state, reversals, payment_ref, updated_at: now, ..purchase.clone() },
            entries,
            event: cause.applied(purchase, now),
            confirms: false,
        }))
    }
}

fn learnt(known: &Reversals, snapshots: &[Snapshot]) -> Reversals {
    let mut reversals = known.clone();
    for snapshot in snapshots {
        reversals.record(snapshot);
    }
    reversals
}
