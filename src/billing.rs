//! The use cases: [`Billing`] is what the pages, the JSON API and the webhook call.
//!
//! The money path:
//!
//! 1. [`Billing::order`] commits a PENDING purchase (TX 1), then opens the checkout session at the provider (outside
//!    any transaction, repeatable: one purchase, one session), then commits the session's id (TX 2).
//! 2. The webhook, the return page and the worker pass the session to one function, [`Billing::apply_checkout`]. It
//!    reads the purchase, decides ([`decide`](settlement::decide)), and commits state, ledger entry and event together
//!    (TX 3). If the purchase has changed meanwhile, it starts again. Refunds and disputes are applied afterwards.
//!
//! Once a payment may have been attempted, the provider is asked; nothing is assumed and nothing compensated.

mod attention;
mod checkout;
mod customer;
mod mail;
mod order;
mod outcome;
mod receipt;
mod recovery;
mod reversal;
mod sale;
mod settlement;
mod trigger;
mod webhook;
mod withdrawal;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;

pub use customer::{CUSTOMER_ROWS_MAX, CustomerRecord};
pub use order::{Order, OrderError};
pub use outcome::{Applied, Discrepancy, Processed, Received};
pub use receipt::RECEIPTS_AT_ONCE;
pub use recovery::{LEASE, PurchaseChecked};
pub use sale::{RecoverError, RecoveredSale, UNKNOWN_PURCHASE};
pub use webhook::{Ingested, PendingEvent};

use crate::{
    catalog::{CATALOG, Product},
    clock::{Clock, Entropy},
    consent::ConsentVersion,
    ids::{PurchaseId, TenantId},
    ledger::{Balance, Entry},
    provider::{PaymentProvider, ProviderError},
    purchase::{InvalidTransition, Purchase},
    store::{DescribedEntry, EntryFilter, OrderLimits, PageRequest, Store, StoreError},
    wallet::{Funds, Hold},
};

/// The shop's use cases over its ports; cheap to clone.
#[derive(Clone)]
pub struct Billing {
    store: Arc<dyn Store>,
    provider: Arc<dyn PaymentProvider>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    order_limits: Option<OrderLimits>,
    /// Versions of wordings that the store has.
    known_consents: Arc<Mutex<BTreeSet<ConsentVersion>>>,
}

/// One page of the purchase history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Newest first.
    pub items: Vec<Purchase>,
    /// The last purchase of this page, after which the next page starts; `None` on the last page.
    pub next: Option<PurchaseId>,
}

/// One page of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPage {
    /// Newest first.
    pub items: Vec<DescribedEntry>,
    /// The entry before which the next page starts; `None` on the last page.
    pub next: Option<i64>,
    /// When the page was read.
    pub as_of: Timestamp,
}

/// The most purchases or entries that one page gives.
pub const HISTORY_LIMIT_MAX: u32 = 100;

impl Billing {
    /// Builds the use cases on their ports. Orders are not limited.
    pub fn new(
        store: Arc<dyn Store>,
        provider: Arc<dyn PaymentProvider>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { store, provider, clock, entropy, order_limits: None, known_consents: Arc::default() }
    }

    /// Limits how much each tenant may order.
    #[must_use]
    pub fn with_order_limits(self, limits: OrderLimits) -> Self {
        Self { order_limits: Some(limits), ..self }
    }

    /// What is on sale.
    pub fn products(&self) -> &'static [Product] {
        &CATALOG
    }

    /// The tenant's balance.
    pub async fn balance(&self, tenant: TenantId) -> Result<Balance, BillingError> {
        Ok(self.store.balance(tenant).await?)
    }

    /// What the tenant has now.
    pub async fn funds(&self, tenant: TenantId) -> Result<Funds, BillingError> {
        Ok(self.store.funds(tenant, self.now()).await?)
    }

    /// The tenant's holds that set credits aside now; the next to end first.
    pub async fn active_holds(&self, tenant: TenantId) -> Result<Vec<Hold>, BillingError> {
        Ok(self.store.active_holds(tenant, self.now()).await?)
    }

    /// One of the tenant's purchases; `None` for an unknown id, and for a purchase of another tenant.
    pub async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, BillingError> {
        Ok(self.store.purchase(tenant, id).await?)
    }

    /// The tenant's newest entries that fit the filter, newest first. Its limit is brought into 1 to
    /// [`HISTORY_LIMIT_MAX`].
    pub async fn ledger(&self, tenant: TenantId, filter: EntryFilter) -> Result<LedgerPage, BillingError> {
        let limit = filter.limit.clamp(1, HISTORY_LIMIT_MAX);
        // As in the history: one more, to see whether there is a next page.
        let filter = EntryFilter { limit: limit + 1, ..filter };
        let mut items = self.store.described_entries(tenant, &filter).await?;
        let asked = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > asked;
        items.truncate(asked);
        let next = if more { items.last().map(|described| described.entry.seq) } else { None };
        Ok(LedgerPage { items, next, as_of: self.now() })
    }

    /// The entries of one of the tenant's purchases, oldest first.
    pub async fn entries(&self, tenant: TenantId, id: PurchaseId) -> Result<Vec<Entry>, BillingError> {
        Ok(self.store.entries(tenant, id).await?)
    }

    /// The tenant's purchases, newest first. `limit` is brought into 1 to [`HISTORY_LIMIT_MAX`].
    pub async fn history(
        &self,
        tenant: TenantId,
        limit: u32,
        older_than: Option<PurchaseId>,
    ) -> Result<HistoryPage, BillingError> {
        let limit = limit.clamp(1, HISTORY_LIMIT_MAX);
        // One more than asked for, to see whether there is a next page.
        let page = PageRequest { limit: limit + 1, older_than };
        let mut items = self.store.purchases(tenant, page).await?;
        let asked = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > asked;
        items.truncate(asked);
        let next = if more { items.last().map(|purchase| purchase.id) } else { None };
        Ok(HistoryPage { items, next })
    }

    /// Closes the database: nothing works afterwards.
    pub async fn close_database(&self) {
        self.store.close().await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Why a use case could not be carried out. The texts are for the log.
#[derive(Debug, thiserror::Error)]
pub enum BillingError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The payment provider.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The payment provider does not know the checkout session that it opened for a purchase. Whether the purchase is
    /// paid is unknown.
    #[error("the payment provider has no such checkout session")]
    SessionMissing,
    /// A use case tried a transition that the state machine does not have.
    #[error(transparent)]
    Transition(#[from] InvalidTransition),
    /// The purchase changed at every attempt. Nothing was written, and the call can be repeated.
    #[error("the purchase kept changing while it was being written")]
    Contended,
}
