//! What an operator is shown of one customer.

use super::{Billing, BillingError};
use crate::{
    event::StoredEvent,
    ids::TenantId,
    ledger::{Balance, Entry},
    mail::Mail,
    purchase::Purchase,
    store::PageRequest,
    withdrawal::Withdrawal,
};

/// The most rows of a kind that are read of one customer.
pub const CUSTOMER_ROWS_MAX: u32 = 1_000;

/// What is kept of one customer: the newest first, and at most [`CUSTOMER_ROWS_MAX`] of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRecord {
    /// The credits.
    pub balance: Balance,
    /// What was ordered.
    pub purchases: Vec<Purchase>,
    /// What moved the balance.
    pub entries: Vec<Entry>,
    /// What the provider told of the purchases.
    pub events: Vec<StoredEvent>,
    /// What was sent about the purchases and their withdrawals, or is owed.
    pub mails: Vec<Mail>,
    /// What was declared about the purchases.
    pub withdrawals: Vec<Withdrawal>,
}

impl Billing {
    /// For the operator: what is kept of one customer. Each part is read by itself, so they can differ by a moment.
    pub async fn customer_record(&self, tenant: TenantId) -> Result<CustomerRecord, BillingError> {
        let page = PageRequest { limit: CUSTOMER_ROWS_MAX, older_than: None };
        Ok(CustomerRecord {
            balance: self.store.balance(tenant).await?,
            purchases: self.store.purchases(tenant, page).await?,
            entries: self.store.ledger(tenant, CUSTOMER_ROWS_MAX, None).await?,
            events: self.store.tenant_events(tenant, CUSTOMER_ROWS_MAX).await?,
            mails: self.store.tenant_mails(tenant, CUSTOMER_ROWS_MAX).await?,
            withdrawals: self.store.tenant_withdrawals(tenant, CUSTOMER_ROWS_MAX).await?,
        })
    }
}
