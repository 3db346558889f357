//! The record of one customer, for the operator.

use super::{Billing, BillingError};
use crate::{
    event::StoredEvent,
    ids::TenantId,
    mail::Mail,
    purchase::Purchase,
    store::{DescribedEntry, EntryFilter, PageRequest},
    wallet::{Funds, Hold},
    withdrawal::Withdrawal,
};

/// The most rows that are read of each kind.
pub const CUSTOMER_ROWS_MAX: u32 = 1_000;

/// The stored data of one customer: newest first, and at most [`CUSTOMER_ROWS_MAX`] rows of each kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerRecord {
    /// What the tenant has.
    pub funds: Funds,
    /// The holds that set credits aside; the next to end first.
    pub holds: Vec<Hold>,
    /// The purchases.
    pub purchases: Vec<Purchase>,
    /// The ledger entries.
    pub entries: Vec<DescribedEntry>,
    /// The payment events about the purchases.
    pub events: Vec<StoredEvent>,
    /// The mails about the purchases and their withdrawals, sent or due.
    pub mails: Vec<Mail>,
    /// The declarations of withdrawal from the purchases.
    pub withdrawals: Vec<Withdrawal>,
}

impl Billing {
    /// For the operator: the stored data of one customer. Each part is a query of its own, so the parts can differ by a
    /// moment.
    pub async fn customer_record(&self, tenant: TenantId) -> Result<CustomerRecord, BillingError> {
        let entries = EntryFilter { limit: CUSTOMER_ROWS_MAX, ..EntryFilter::default() };
        let page = PageRequest { limit: CUSTOMER_ROWS_MAX, older_than: None };
        Ok(CustomerRecord {
            funds: self.store.funds(tenant, self.now()).await?,
            holds: self.store.active_holds(tenant, self.now()).await?,
            purchases: self.store.purchases(tenant, page).await?,
            entries: self.store.described_entries(tenant, &entries).await?,
            events: self.store.tenant_events(tenant, CUSTOMER_ROWS_MAX).await?,
            mails: self.store.tenant_mails(tenant, CUSTOMER_ROWS_MAX).await?,
            withdrawals: self.store.tenant_withdrawals(tenant, CUSTOMER_ROWS_MAX).await?,
        })
    }
}
