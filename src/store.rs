//! The port to the database.
//!
//! Every method that reads a tenant's data takes the tenant. Decisions are made in memory upon what was read, and
//! written by [`Store::commit`] in one transaction, only if the purchase is still at the version they were made
//! from; otherwise nothing is written and the decision is made again.

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

use crate::{
    consent::{ConsentText, ConsentVersion},
    event::{ClosedEvent, EventStatus, NewEvent, StoredEvent},
    ids::{EventId, PurchaseId, TenantId},
    ledger::{Balance, Entry, NewEntry},
    mail::MailStore,
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
    withdrawal::WithdrawalStore,
};

/// Keeps purchases, the ledger, and the payment events; and, with them, mails and withdrawals.
#[async_trait]
pub trait Store: MailStore + WithdrawalStore {
    /// Writes a new purchase. With an order key that the tenant has used before, nothing is written and the earlier
    /// purchase is given back, also when both calls come at the same instant. Nothing is written either when the tenant
    /// has reached one of the limits; they hold for orders at the same instant, and in several processes.
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError>;

    /// The tenant's purchase of that id.
    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError>;

    /// The tenant's purchase of that checkout session.
    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError>;

    /// Which purchase, and so which tenant, a notification is about; nothing else of it. By the session's id, or else
    /// by the purchase id that the session carries. For the provider's notifications alone, which know no tenant.
    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;

    /// Which purchase a payment belongs to; nothing else of it. For the provider's notifications alone.
    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError>;

    /// For the start of the process: whether any purchase has a checkout session whose id begins otherwise.
    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError>;

    /// The tenant's purchases, newest first.
    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError>;

    /// The tenant's balance, read from its newest entry.
    async fn balance(&self, tenant: TenantId) -> Result<Balance, StoreError>;

    /// The tenant's newest entries, or those before entry number `before`; newest first.
    async fn ledger(&self, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError>;

    /// The entries of one of the tenant's purchases, oldest first.
    async fn entries(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError>;

    /// Writes a change whole, or not at all.
    async fn commit(&self, change: &Change) -> Result<Committed, StoreError>;

    /// Stores a notification. The same provider event id again writes nothing and tells how the first one stands.
    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError>;

    /// Closes an event that changes no purchase; one that arrives is stored closed. One that is APPLIED stays so. Tells
    /// whether this is news: `false` when the event stood there already.
    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError>;

    /// Puts off an event that could not be applied; it stays RECEIVED.
    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError>;

    /// Takes up to `limit` RECEIVED events that are due at `now`, counts their attempt, and keeps them from other
    /// processes until `leased_until`.
    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError>;

    /// Takes up to `limit` PENDING purchases that are due to be asked about at `now`, and keeps them from other
    /// processes until `leased_until`. A purchase falls due five minutes after it was ordered.
    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;

    /// For the operator: the PENDING purchases ordered before an instant, oldest first.
    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError>;

    /// Up to which instant the provider's notifications have been fetched.
    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Moves that instant on, never back.
    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError>;

    /// For the operator: the newest events, or those of one status.
    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// For the operator: one event, by our id or the provider's.
    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError>;

    /// For the operator: the newest events about the tenant's purchases.
    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError>;

    /// Keeps a wording of the consent for good; no error when it is kept already.
    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError>;

    /// The wording of that version, if it was ever kept.
    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError>;

    /// Begins a new series of a seller's receipt numbers, which those given from now on are of.
    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError>;

    /// Gives receipts to up to `limit` paid purchases of any tenants that have none, those paid first first: the next
    /// numbers of the seller's newest series, all in one transaction, so that no number is ever skipped. Two callers take turns.
    /// Tells how many it were.
    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The receipt of one of the tenant's purchases, once it is issued.
    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError>;

    /// What waits to be done, for whoever watches the shop. Asked every few seconds, so it reads nothing but what waits.
    async fn backlog(&self) -> Result<Backlog, StoreError>;

    /// The connections to the database that this process holds.
    fn pool_use(&self) -> PoolUse;

    /// Whether the database can be reached, has every migration, and takes writes: one is tried.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Closes the connections, in bounded time; nothing works afterwards. On SQLite the file then holds everything, without
    /// the journal beside it.
    async fn close(&self);

    /// The tenants whose purchases change from now on, and with them perhaps their balance, in this process or another.
    /// A hint to read again: some may be missed or told twice.
    fn changes(&self) -> BoxStream<'static, TenantId>;
}

/// What became of a new purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inserted {
    /// It was written.
    New,
    /// The tenant's earlier purchase under the same order key.
    Existing(Box<Purchase>),
    /// The tenant has reached one of its limits; nothing was written.
    LimitReached,
}

/// How much one tenant may order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLimits {
    /// PENDING purchases at a time.
    pub open_max: u32,
    /// Orders within [`OrderLimits::WINDOW`], whatever became of them.
    pub per_minute_max: u32,
}

impl OrderLimits {
    /// The time that `per_minute_max` counts.
    pub const WINDOW: SignedDuration = SignedDuration::from_mins(1);
}

/// A page of a list that is read newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// How many at most.
    pub limit: u32,
    /// Only purchases older than this one.
    pub older_than: Option<PurchaseId>,
}

/// A decision, to be written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The purchase as it shall be. Its `version` is the one it was read at; writing it counts one up. Only checkout,
    /// payment reference, state, reversals and `updated_at` can differ from what is stored.
    pub purchase: Purchase,
    /// What is booked with it, in this order.
    pub entries: Vec<NewEntry>,
    /// The event that caused it, which is about this purchase. Known under the same provider event id already, it is not
    /// stored twice.
    pub event: Option<ClosedEvent>,
    /// Whether a mail is owed that confirms the contract: one goes into the outbox with it, due at `updated_at`.
    pub confirms: bool,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// All of it is written.
    Yes,
    /// The purchase has changed since it was read; nothing is written.
    Stale,
}

/// What became of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// It is stored under the id that it was given.
    New,
    /// It was stored before, under this id.
    Known {
        /// Our id of it.
        id: EventId,
        /// How it stands.
        status: EventStatus,
    },
}

/// What waits to be done, in all tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events that are RECEIVED: not applied yet.
    pub events_received: u64,
    /// Events that are in ATTENTION: a person has to look.
    pub events_attention: u64,
    /// When the oldest PENDING purchase was ordered.
    pub oldest_pending: Option<Timestamp>,
    /// Paid purchases that have no receipt.
    pub receipts_due: u64,
    /// Mails that are to be sent; not those that were given up.
    pub mails_due: u64,
    /// When the oldest mail that is to be sent became owed.
    pub oldest_mail: Option<Timestamp>,
}

/// The connections to the database of one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUse {
    /// How many are open.
    pub size: u32,
    /// How many of those nobody uses.
    pub idle: u32,
    /// How many there may be.
    pub max: u32,
}

/// What the database could not do. The text is for the log, never for the public.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be reached, or did not answer in time.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// It refused a write that breaks a rule; names the constraint or trigger.
    #[error("the database refused the write: {0}")]
    Refused(String),
    /// A stored row makes no sense.
    #[error("a stored row makes no sense: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the database failed: {0}")]
    Internal(String),
}
