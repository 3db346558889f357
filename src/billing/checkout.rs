//! Applies a checkout session to its purchase: settles it, then books its refunds and disputes.

use super::{
    Billing, BillingError, attention, outcome::Applied, reversal::Observation, settlement::SessionContext,
    trigger::Trigger,
};
use crate::{
    ids::{PurchaseId, TenantId},
    provider::CheckoutSession,
    purchase::{Purchase, State},
};

impl Billing {
    /// Handles the buyer's return from the provider's page: asks the provider for the session, and applies it. `None`
    /// for a session that is unknown or another tenant's. In mock mode, this is the payment. Asks about a failed
    /// purchase too: its payment may have come late, and the buyer must not be asked to pay twice.
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

    /// Handles the buyer's return without a payment: asks the provider anyway, because the buyer may have paid in
    /// another tab. `None` for a purchase that is unknown or another tenant's. In mock mode, where a query pays the
    /// session, returns the stored purchase.
    pub async fn check_unpaid(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, BillingError> {
        let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
        let may_be_paid = matches!(purchase.state, State::Pending(_)) && purchase.checkout.is_some();
        if !may_be_paid || self.provider.pays_on_retrieve() {
            return Ok(Some(purchase));
        }
        self.ask_about(purchase).await
    }

    /// Asks the provider for a purchase's session, and applies it.
    async fn ask_about(&self, purchase: Purchase) -> Result<Option<Purchase>, BillingError> {
        let session = self.provider.retrieve_checkout(&purchase).await.inspect_err(attention::report)?;
        let Some(session) = session else {
            attention::report_missing_session(purchase.id);
            return Err(BillingError::SessionMissing);
        };
        let applied = self
            .apply_checkout(purchase.tenant_id, purchase.id, &session, SessionContext::None, Trigger::Request)
            .await?;
        Ok(applied.map(Applied::into_purchase))
    }

    /// Discards a purchase: expires its session at the provider, so that it can no longer be paid. One that was
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
        let applied = self.apply_checkout(tenant, id, &session, SessionContext::Discarded, Trigger::Request).await?;
        Ok(applied.map(Applied::into_purchase))
    }

    /// Applies a checkout session to its purchase, and then the refunds and disputes that came before the payment;
    /// `None` when the tenant has no such purchase. An event is closed in the same transaction as what it triggers.
    pub(super) async fn apply_checkout(
        &self,
        tenant: TenantId,
        id: PurchaseId,
        session: &CheckoutSession,
        context: SessionContext,
        trigger: Trigger<'_>,
    ) -> Result<Option<Applied>, BillingError> {
        let Some(purchase) = self.store.purchase(tenant, id).await? else { return Ok(None) };
        self.apply_checkout_to(purchase, session, context, trigger).await
    }

    /// As [`apply_checkout`](Self::apply_checkout), for a purchase that was just read or written.
    pub(super) async fn apply_checkout_to(
        &self,
        purchase: Purchase,
        session: &CheckoutSession,
        context: SessionContext,
        trigger: Trigger<'_>,
    ) -> Result<Option<Applied>, BillingError> {
        let (tenant, id) = (purchase.tenant_id, purchase.id);
        let settlement = self.settle(purchase, session, context, trigger).await?;
        if settlement.reversals_due {
            return self.apply_reversals(tenant, id, &Observation::nothing_new(session), trigger).await;
        }
        Ok(settlement.applied)
    }
}
