//! Withdrawal: every declaration is stored and acknowledged, and decided if its purchase is known.

use super::{Billing, BillingError};
use crate::{
    account::Principal,
    consent::{ConsentText, ConsentVersion},
    ids::{PurchaseId, WithdrawalId},
    locale::Locale,
    mail::Topic,
    purchase::Purchase,
    withdrawal::{Declaration, Withdrawal, WithdrawalDecision, judge},
};

impl Billing {
    /// Receives a declaration of withdrawal. The purchase is known if the text contains its number, and the consumer
    /// either is signed in as its tenant or gives the e-mail address of the account that ordered it. All other
    /// declarations are left to the operator. Refunds are made by the operator, at the provider.
    pub async fn withdraw(
        &self,
        declaration: Declaration,
        locale: Locale,
        principal: Option<&Principal>,
    ) -> Result<Withdrawal, BillingError> {
        let received_at = self.now();
        let purchase = self.declared_purchase(&declaration, principal).await?;
        let decision = match &purchase {
            Some(purchase) => {
                let mail = self.store.mail(Topic::Confirmation(purchase.tenant_id, purchase.id)).await?;
                // The first one counts: a further copy of the confirmation does not change when the contract was
                // confirmed.
                judge(purchase, mail.and_then(|mail| mail.first_sent_at), received_at)
            }
            None => WithdrawalDecision::Unclear,
        };
        let withdrawal = Withdrawal {
            id: WithdrawalId::new(received_at, self.entropy.as_ref()),
            declaration,
            locale,
            received_at,
            purchase: purchase.map(|purchase| (purchase.tenant_id, purchase.id)),
            decision,
        };
        self.store.insert_withdrawal(&withdrawal).await?;
        tracing::warn!(withdrawal = %withdrawal.id, %decision, "a withdrawal was declared");
        metrics::counter!("billing_withdrawals_total", "decision" => decision.as_str()).increment(1);
        Ok(withdrawal)
    }

    async fn declared_purchase(
        &self,
        declaration: &Declaration,
        principal: Option<&Principal>,
    ) -> Result<Option<Purchase>, BillingError> {
        let Some(id) = declaration.contract.split(' ').find_map(|word| word.parse::<PurchaseId>().ok()) else {
            return Ok(None);
        };
        if let Some(principal) = principal
            && let Some(purchase) = self.store.purchase(principal.tenant_id, id).await?
        {
            return Ok(Some(purchase));
        }
        match self.store.purchase_ordered_by(&declaration.email, id).await? {
            Some(tenant) => Ok(self.store.purchase(tenant, id).await?),
            None => Ok(None),
        }
    }

    /// The declaration with this id.
    pub async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, BillingError> {
        Ok(self.store.withdrawal(id).await?)
    }

    /// For the operator: the newest declarations.
    pub async fn withdrawals(&self, limit: u32) -> Result<Vec<Withdrawal>, BillingError> {
        Ok(self.store.withdrawals(limit).await?)
    }

    /// The wording of this version.
    pub async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, BillingError> {
        Ok(self.store.consent_text(version).await?)
    }
}
