//! The ports to the database: one for each noun, and [`Store`] for all of them and what they have in common.
//!
//! Every method that reads a tenant's data takes the tenant. Decisions are made in memory from the data read, and
//! written by [`Store::commit`] in one transaction, if the purchase still has the version that was read. Otherwise
//! nothing is written, and the use case decides again.

mod accounts;
mod api_keys;
mod consents;
mod error;
mod events;
mod ledger;
mod mails;
mod purchases;
mod receipts;
mod tenants;
mod wallet;
mod webhooks;
mod withdrawals;

use async_trait::async_trait;
use futures_core::stream::BoxStream;
use jiff::Timestamp;

pub use self::{
    accounts::{AccountStore, InsertedSale, SignUp},
    api_keys::ApiKeyStore,
    consents::ConsentStore,
    error::StoreError,
    events::{EventStore, Recorded},
    ledger::LedgerStore,
    mails::MailStore,
    purchases::{Inserted, OrderLimits, PageRequest, PurchaseStore},
    receipts::ReceiptStore,
    tenants::{TenantStore, UpsertedTenant},
    wallet::{DescribedEntry, EntryFilter, WalletStore},
    webhooks::WebhookStore,
    withdrawals::WithdrawalStore,
};
use crate::{event::ClosedEvent, ids::TenantId, ledger::NewEntry, mail::NewMail, purchase::Purchase};

/// Stores purchases and the wallet with their ledger entries, events, mails, receipts and withdrawals.
#[async_trait]
pub trait Store:
    PurchaseStore + LedgerStore + WalletStore + EventStore + ConsentStore + ReceiptStore + MailStore + WithdrawalStore
{
    /// Writes a change in one transaction.
    async fn commit(&self, change: &Change) -> Result<Committed, StoreError>;

    /// The pending work, for monitoring. Called every few seconds, so it must be cheap.
    async fn backlog(&self) -> Result<Backlog, StoreError>;

    /// The connections to the database that this process holds.
    fn pool_use(&self) -> PoolUse;

    /// Whether the database can be reached, has every migration, and accepts a write.
    async fn ready(&self) -> Result<(), StoreError>;

    /// Closes the connections, in bounded time; all later calls fail. On SQLite the file then holds all data, and the
    /// journal beside it is gone.
    async fn close(&self);

    /// The tenants whose purchases change from now on, in this process or another; their balance may have changed too.
    /// A listener has to read the data again. Changes can be missed or reported twice.
    fn changes(&self) -> BoxStream<'static, TenantId>;
}

/// A change to a purchase, written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The purchase in its new state. Its `version` is the one that was read; the commit increments it. Only checkout,
    /// payment reference, state, reversals and `updated_at` may differ from the stored purchase.
    pub purchase: Purchase,
    /// The ledger entries, in this order.
    pub entries: Vec<NewEntry>,
    /// The event about this purchase that caused the change. An event with a known provider event id is not stored
    /// twice.
    pub event: Option<ClosedEvent>,
    /// The mails to be put into the outbox.
    pub outbox: Vec<NewMail>,
}

/// The result of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The change is written.
    Yes,
    /// The purchase has changed since it was read; nothing is written.
    Stale,
}

/// The pending work of all tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Events that are RECEIVED: not applied yet.
    pub events_received: u64,
    /// Events that need an operator's attention.
    pub events_attention: u64,
    /// When the oldest PENDING purchase was ordered.
    pub oldest_pending: Option<Timestamp>,
    /// Paid purchases that have no receipt.
    pub receipts_due: u64,
    /// Mails to be sent, without those that were given up.
    pub mails_due: u64,
    /// When the oldest mail to be sent was put into the outbox.
    pub oldest_mail: Option<Timestamp>,
    /// Webhooks to be delivered, without those that were given up or wait for their endpoint to be enabled.
    pub webhooks_due: u64,
    /// When the oldest of them was owed.
    pub oldest_webhook: Option<Timestamp>,
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
