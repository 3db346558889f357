//! The ports to the database: one for each noun, and [`Store`] for all of them and what they have in common.
//!
//! Every method that reads a tenant's data takes the tenant. Decisions are made in memory upon what was read, and
//! written by [`Store::commit`] in one transaction, only if the purchase is still at the version they were made
//! from; otherwise nothing is written and the decision is made again.

mod accounts;
mod consents;
mod error;
mod events;
mod ledger;
mod mails;
mod purchases;
mod receipts;
mod withdrawals;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use jiff::Timestamp;

pub use self::{
    accounts::{AccountStore, InsertedSale, SignUp},
    consents::ConsentStore,
    error::StoreError,
    events::{EventStore, Recorded},
    ledger::LedgerStore,
    mails::MailStore,
    purchases::{Inserted, OrderLimits, PageRequest, PurchaseStore},
    receipts::ReceiptStore,
    withdrawals::WithdrawalStore,
};
use crate::{event::ClosedEvent, ids::TenantId, ledger::NewEntry, purchase::Purchase};

/// All that a purchase needs kept: it, its ledger entries, events, mails, receipt and withdrawals.
#[async_trait]
pub trait Store:
    PurchaseStore + LedgerStore + EventStore + ConsentStore + ReceiptStore + MailStore + WithdrawalStore
{
    /// Writes a change whole, or not at all.
    async fn commit(&self, change: &Change) -> Result<Committed, StoreError>;

    /// The work that waits, for monitoring. Read every few seconds, so it reads nothing else.
    async fn backlog(&self) -> Result<Backlog, StoreError>;

    /// The connections to the database that this process holds.
    fn pool_use(&self) -> PoolUse;

    /// Whether the database can be reached, has every migration, and takes writes: one is tried.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Closes the connections, in bounded time; nothing works afterwards. On SQLite the file then holds everything,
    /// without the journal beside it.
    async fn close(&self);

    /// The tenants whose purchases change from now on, and with them perhaps their balance, in this process or another.
    /// A hint to read again: some may be missed or told twice.
    fn changes(&self) -> BoxStream<'static, TenantId>;
}

/// A decision, to be written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The purchase as it shall be. Its `version` is the one it was read at; writing it counts one up. Only checkout,
    /// payment reference, state, reversals and `updated_at` can differ from what is stored.
    pub purchase: Purchase,
    /// What is booked with it, in this order.
    pub entries: Vec<NewEntry>,
    /// The event that caused it, which is about this purchase. Known under the same provider event id already, it is
    /// not stored twice.
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
    /// How many of those are unused.
    pub idle: u32,
    /// How many there may be.
    pub max: u32,
}
