//! An in-memory store, used as a model of the databases: maps for their tables, and `if`s for their constraints.

mod accounts;
mod api_keys;
mod backlog;
mod consents;
mod events;
mod ledger;
mod outbox;
mod purchases;
mod receipts;
mod rules;
mod tenants;
mod wallet;
mod webhooks;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use async_trait::async_trait;
use futures::{StreamExt, channel::mpsc};
use futures_core::stream::BoxStream;
use jiff::Timestamp;

use self::{events::KeptEvent, outbox::KeptMail, wallet::WalletTables, webhooks::WebhookTables};

use super::{lock, yield_now};
use crate::{
    account::{Account, StoredSession},
    api_key::ApiKey,
    consent::{ConsentText, ConsentVersion},
    ids::{ApiKeyId, EventId, PurchaseId, TenantId, UserId, WithdrawalId},
    ledger::{Balance, Entry},
    mail::Topic,
    money::Credits,
    outgoing_webhook::owed_by_entries,
    purchase::Purchase,
    receipt::{Receipt, ReceiptSeries},
    store::{Backlog, Change, Committed, PoolUse, Store, StoreError},
    tenant::Tenant,
    withdrawal::Withdrawal,
};

/// Keeps everything in memory, and enforces the databases' rules.
#[derive(Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
    listeners: Mutex<Vec<mpsc::UnboundedSender<TenantId>>>,
}

impl MemoryStore {
    fn tell(&self, tenant: TenantId) {
        lock(&self.listeners).retain(|listener| listener.unbounded_send(tenant).is_ok());
    }
}

#[derive(Default)]
struct Tables {
    users: BTreeMap<UserId, Account>,
    sessions: BTreeMap<String, StoredSession>,
    purchases: BTreeMap<PurchaseId, Purchase>,
    ledgers: BTreeMap<TenantId, Vec<Entry>>,
    events: BTreeMap<EventId, KeptEvent>,
    /// When the provider is next asked about a PENDING purchase.
    check_after: BTreeMap<PurchaseId, Timestamp>,
    backfilled_until: Option<Timestamp>,
    consent_texts: BTreeMap<ConsentVersion, ConsentText>,
    mails: BTreeMap<Topic, KeptMail>,
    withdrawals: BTreeMap<WithdrawalId, Withdrawal>,
    receipts: BTreeMap<PurchaseId, Receipt>,
    receipt_series: BTreeSet<(String, ReceiptSeries)>,
    tenants: BTreeMap<TenantId, Tenant>,
    api_keys: BTreeMap<ApiKeyId, ApiKey>,
    wallet: WalletTables,
    webhooks: WebhookTables,
}

impl Tables {
    fn balance(&self, tenant: TenantId) -> Balance {
        let newest = self.ledgers.get(&tenant).and_then(|ledger| ledger.last());
        newest.map_or_else(Balance::default, |entry| Balance { credits: entry.balance_after, seq: entry.seq })
    }

    fn own_purchase(&self, tenant: TenantId, id: PurchaseId) -> Option<&Purchase> {
        self.purchases.get(&id).filter(|purchase| purchase.tenant_id == tenant)
    }

    fn by_checkout(&self, provider_ref: &str) -> Option<&Purchase> {
        self.purchases
            .values()
            .find(|purchase| purchase.checkout.as_ref().is_some_and(|checkout| checkout.provider_ref == provider_ref))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let wanted = &change.purchase;
        let Some(stored) = tables.own_purchase(wanted.tenant_id, wanted.id) else { return Ok(Committed::Stale) };
        if stored.version != wanted.version {
            return Ok(Committed::Stale);
        }
        rules::may_update(&tables, stored, wanted)?;
        for (at, entry) in change.entries.iter().enumerate() {
            rules::may_book(&tables, wanted, entry, &change.entries[..at])?;
        }
        let mut topics: BTreeSet<Topic> = tables.mails.keys().copied().collect();
        for mail in &change.outbox {
            rules::refuse_if(!topics.insert(mail.topic), "mails_pkey")?;
        }
        for mail in &change.outbox {
            tables.enqueue(mail);
        }
        let written = Purchase { version: wanted.version + 1, ..wanted.clone() };
        tables.purchases.insert(written.id, written);
        if let Some(event) = &change.event {
            tables.close(event);
        }
        let tenant = wanted.tenant_id;
        let low_balance = tables.tenants.get(&tenant).and_then(|tenant| tenant.low_balance);
        let owed = owed_by_entries(&change.entries, tables.balance(tenant).credits, low_balance);
        tables.webhooks.owe(owed);
        for booked in change.entries.clone() {
            let Balance { credits: Credits(before), seq } = tables.balance(booked.tenant_id);
            let balance_after = Credits(before + booked.credits.0);
            let tenant = booked.tenant_id;
            tables.ledgers.entry(tenant).or_default().push(Entry { booked, seq: seq + 1, balance_after });
        }
        self.tell(wanted.tenant_id);
        Ok(Committed::Yes)
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).backlog())
    }

    /// None: it has no database.
    fn pool_use(&self) -> PoolUse {
        PoolUse::default()
    }

    async fn ready(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn close(&self) {}

    fn changes(&self) -> BoxStream<'static, TenantId> {
        let (listener, changes) = mpsc::unbounded();
        lock(&self.listeners).push(listener);
        changes.boxed()
    }
}
