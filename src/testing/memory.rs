//! The store as a model: what the databases hold in tables, in maps; what they refuse by constraint, by `if`.

mod accounts;
mod backlog;
mod outbox;
mod receipts;
mod rules;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use async_trait::async_trait;
use futures::{StreamExt, channel::mpsc};
use futures_core::stream::BoxStream;
use jiff::{SignedDuration, Timestamp};

use outbox::KeptMail;

use super::{give_way, lock};
use crate::{
    account::{Account, StoredSession},
    consent::{ConsentText, ConsentVersion},
    event::{ClosedEvent, EventStatus, NewEvent, StoredEvent},
    ids::{EventId, PurchaseId, TenantId, UserId, WithdrawalId},
    ledger::{Balance, Entry},
    mail::Topic,
    money::Credits,
    purchase::{Purchase, Status},
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
    store::{Backlog, Change, Committed, Inserted, OrderLimits, PageRequest, PoolUse, Recorded, Store, StoreError},
    withdrawal::Withdrawal,
};

/// Keeps everything in memory, by the same rules as the databases.
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
    /// When a purchase that stays PENDING is next asked about.
    check_after: BTreeMap<PurchaseId, Timestamp>,
    backfilled_until: Option<Timestamp>,
    consent_texts: BTreeMap<ConsentVersion, ConsentText>,
    mails: BTreeMap<Topic, KeptMail>,
    withdrawals: BTreeMap<WithdrawalId, Withdrawal>,
    receipts: BTreeMap<PurchaseId, Receipt>,
    receipt_series: BTreeSet<(String, ReceiptSeries)>,
}

struct KeptEvent {
    stored: StoredEvent,
    next_attempt_at: Timestamp,
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

    fn event_by_provider_id(&self, provider_event_id: &str) -> Option<&StoredEvent> {
        self.events.values().map(|kept| &kept.stored).find(|event| event.provider_event_id == provider_event_id)
    }

    fn insert_event(&mut self, event: &NewEvent) {
        let stored = StoredEvent {
            id: event.id,
            provider_event_id: event.incoming.provider_event_id.clone(),
            event_type: event.incoming.event_type.clone(),
            payload: event.incoming.payload.clone(),
            status: EventStatus::Received,
            note: String::new(),
            attempts: 1,
            received_at: event.received_at,
            purchase: None,
        };
        let next_attempt_at = event.received_at + SignedDuration::from_mins(1);
        self.events.insert(event.id, KeptEvent { stored, next_attempt_at });
    }

    /// Whether that is news.
    fn close(&mut self, ClosedEvent { outcome, arriving }: &ClosedEvent) -> bool {
        let mut id = outcome.id;
        if let Some(event) = arriving {
            match self.event_by_provider_id(&event.incoming.provider_event_id) {
                Some(known) => id = known.id,
                None => self.insert_event(event),
            }
        }
        let Some(KeptEvent { stored, .. }) = self.events.get_mut(&id) else { return false };
        if stored.status == EventStatus::Applied || stored.status == outcome.status {
            return false;
        }
        stored.status = outcome.status;
        stored.note.clone_from(&outcome.note);
        stored.purchase = outcome.purchase.or(stored.purchase);
        true
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let earlier = purchase.order_key.as_ref().and_then(|_| {
            let same =
                |other: &&Purchase| other.tenant_id == purchase.tenant_id && other.order_key == purchase.order_key;
            tables.purchases.values().find(same)
        });
        if let Some(earlier) = earlier {
            return Ok(Inserted::Existing(Box::new(earlier.clone())));
        }
        if limits.is_some_and(|limits| !rules::may_order(&tables, purchase, limits)) {
            return Ok(Inserted::LimitReached);
        }
        rules::may_insert(&tables, purchase)?;
        tables.purchases.insert(purchase.id, purchase.clone());
        tables.check_after.insert(purchase.id, purchase.created_at + SignedDuration::from_mins(5));
        self.tell(purchase.tenant_id);
        Ok(Inserted::New)
    }

    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).own_purchase(tenant, id).cloned())
    }

    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        Ok(tables.by_checkout(provider_ref).filter(|purchase| purchase.tenant_id == tenant).cloned())
    }

    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let mut sessions = tables.purchases.values().filter_map(|purchase| purchase.checkout.as_ref());
        Ok(sessions.any(|checkout| !checkout.provider_ref.starts_with(prefix)))
    }

    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let found = tables.by_checkout(provider_ref).or_else(|| tables.purchases.get(&purchase_id?));
        Ok(found.map(|purchase| (purchase.tenant_id, purchase.id)))
    }

    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let own = tables.purchases.values().rev().filter(|purchase| purchase.tenant_id == tenant);
        let older = own.filter(|purchase| page.older_than.is_none_or(|newest| purchase.id < newest));
        Ok(older.take(usize::try_from(page.limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn balance(&self, tenant: TenantId) -> Result<Balance, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).balance(tenant))
    }

    async fn ledger(&self, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let own = tables.ledgers.get(&tenant).map_or(&[][..], Vec::as_slice).iter().rev();
        let older = own.filter(|entry| before.is_none_or(|before| entry.seq < before));
        Ok(older.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn entries(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let ledger = tables.ledgers.get(&tenant).map_or(&[][..], Vec::as_slice);
        Ok(ledger.iter().filter(|entry| entry.booked.purchase_id == purchase).cloned().collect())
    }

    async fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        give_way().await;
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
        if change.confirms {
            let topic = Topic::Confirmation(wanted.tenant_id, wanted.id);
            rules::refuse_if(tables.mails.contains_key(&topic), "mails_pkey")?;
            tables.enqueue(topic, wanted.updated_at);
        }
        let written = Purchase { version: wanted.version + 1, ..wanted.clone() };
        tables.purchases.insert(written.id, written);
        if let Some(event) = &change.event {
            tables.close(event);
        }
        for booked in change.entries.clone() {
            let Balance { credits: Credits(before), seq } = tables.balance(booked.tenant_id);
            let balance_after = Credits(before + booked.credits.0);
            let tenant = booked.tenant_id;
            tables.ledgers.entry(tenant).or_default().push(Entry { booked, seq: seq + 1, balance_after });
        }
        self.tell(wanted.tenant_id);
        Ok(Committed::Yes)
    }

    async fn record_event(&self, event: &NewEvent) -> Result<Recorded, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        if let Some(known) = tables.event_by_provider_id(&event.incoming.provider_event_id) {
            return Ok(Recorded::Known { id: known.id, status: known.status });
        }
        rules::refuse_if(tables.events.contains_key(&event.id), "payment_events_pkey")?;
        tables.insert_event(event);
        Ok(Recorded::New)
    }

    async fn close_event(&self, event: &ClosedEvent) -> Result<bool, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).close(event))
    }

    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let mut all = tables.purchases.values();
        let found = all.find(|purchase| purchase.payment_ref.as_deref() == Some(payment_ref));
        Ok(found.map(|purchase| (purchase.tenant_id, purchase.id)))
    }

    async fn defer_event(&self, id: EventId, until: Timestamp, note: &str) -> Result<(), StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let event = tables.events.get_mut(&id).filter(|event| event.stored.status == EventStatus::Received);
        if let Some(event) = event {
            event.next_attempt_at = until;
            note.clone_into(&mut event.stored.note);
        }
        Ok(())
    }

    async fn claim_events(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<StoredEvent>, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let due = tables
            .events
            .values_mut()
            .filter(|event| event.stored.status == EventStatus::Received && event.next_attempt_at <= now);
        let claim = |event: &mut KeptEvent| {
            event.next_attempt_at = leased_until;
            event.stored.attempts += 1;
            event.stored.clone()
        };
        Ok(due.take(usize::try_from(limit).unwrap_or(usize::MAX)).map(claim).collect())
    }

    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let Tables { purchases, check_after, .. } = &mut *tables;
        let due = purchases.values_mut().filter(|purchase| {
            purchase.status() == Status::Pending && check_after.get(&purchase.id).is_some_and(|at| *at <= now)
        });
        let mut claimed = Vec::new();
        for purchase in due.take(usize::try_from(limit).unwrap_or(usize::MAX)) {
            purchase.version += 1;
            claimed.push((purchase.tenant_id, purchase.id));
        }
        check_after.extend(claimed.iter().map(|(_, id)| (*id, leased_until)));
        Ok(claimed)
    }

    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let pending = tables.purchases.values().filter(|purchase| purchase.status() == Status::Pending);
        let old = pending.filter(|purchase| purchase.created_at < before);
        Ok(old.map(|purchase| (purchase.tenant_id, purchase.id)).collect())
    }

    async fn backfilled_until(&self) -> Result<Option<Timestamp>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).backfilled_until)
    }

    async fn set_backfilled_until(&self, until: Timestamp) -> Result<(), StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        tables.backfilled_until = tables.backfilled_until.max(Some(until));
        Ok(())
    }

    async fn events(&self, status: Option<EventStatus>, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let newest = tables.events.values().rev().map(|kept| &kept.stored);
        let wanted = newest.filter(|event| status.is_none_or(|status| event.status == status));
        Ok(wanted.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn event(&self, id: &str) -> Result<Option<StoredEvent>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let mut all = tables.events.values().map(|kept| &kept.stored);
        Ok(all.find(|event| event.id.to_string() == id || event.provider_event_id == id).cloned())
    }

    async fn tenant_events(&self, tenant: TenantId, limit: u32) -> Result<Vec<StoredEvent>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let newest = tables.events.values().rev().map(|kept| &kept.stored);
        let own = newest.filter(|event| event.purchase.is_some_and(|(owner, _)| owner == tenant));
        Ok(own.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError> {
        give_way().await;
        rules::refuse_if(text.text.is_empty(), "consent_texts_text_check")?;
        lock(&self.tables).consent_texts.entry(text.version.clone()).or_insert_with(|| text.clone());
        Ok(())
    }

    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).consent_texts.get(version).cloned())
    }

    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError> {
        give_way().await;
        rules::refuse_if(!lock(&self.tables).receipt_series.insert((seller.key(), series)), "receipt_series_pkey")
    }

    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).number_receipts(issuer, at, limit))
    }

    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).receipts.get(&purchase).filter(|receipt| receipt.tenant_id == tenant).cloned())
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        give_way().await;
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
