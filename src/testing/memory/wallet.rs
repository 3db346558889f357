//! The wallet of the model.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Tables, lock, yield_now};
use crate::{
    clock::{Clock, Entropy},
    ids::{ApiKeyId, GrantId, HoldId, ReversalId, SpendId, TenantId},
    ledger::{self, Entry, EntryKind, NewEntry},
    money::Credits,
    outgoing_webhook::{WebhookEvent, owed_by_changes},
    store::{DescribedEntry, EntryFilter, StoreError, WalletStore},
    wallet::{
        Answer, Changes, Executor, Funds, Grant, Hold, HoldStatus, IdempotencyKey, KeyRecord, Loaded, Outcome, Posting,
        Request, Reversal, ReversedSource, Source, Spend, Usage, Wallet,
    },
};

#[derive(Default)]
pub(super) struct WalletTables {
    holds: BTreeMap<HoldId, Hold>,
    spends: BTreeMap<SpendId, Spend>,
    grants: BTreeMap<GrantId, Grant>,
    reversals: BTreeMap<ReversalId, Reversal>,
    keys: BTreeMap<IdempotencyKey, KeyRecord>,
    usage: BTreeMap<(ApiKeyId, i64), Credits>,
}

#[async_trait]
impl WalletStore for MemoryStore {
    async fn execute(
        &self,
        requests: &[Request],
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Answer>, StoreError> {
        yield_now().await;
        let now = clock.now();
        let answers = {
            let tables = &mut *lock(&self.tables);
            let (answers, changes) = Executor { now, entropy }.execute(tables.load(requests, now), requests);
            tables.write(changes);
            answers
        };
        for tenant in requests.iter().map(|request| request.tenant_id).collect::<BTreeSet<_>>() {
            self.tell(tenant);
        }
        Ok(answers)
    }

    async fn funds(&self, tenant: TenantId, now: Timestamp) -> Result<Funds, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).wallet_of(tenant, &[]).funds(now))
    }

    async fn hold(&self, tenant: TenantId, id: HoldId) -> Result<Option<Hold>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).held(tenant, id))
    }

    async fn active_holds(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<Hold>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let own = tables.wallet.holds.values().filter(|hold| hold.tenant_id == tenant);
        let mut active: Vec<_> = own.filter(|hold| hold.status_at(now) == HoldStatus::Active).cloned().collect();
        active.sort_by_key(|hold| (hold.expires_at, hold.id));
        Ok(active)
    }

    async fn spend(&self, tenant: TenantId, id: SpendId) -> Result<Option<Spend>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).wallet.spends.get(&id).filter(|spend| spend.tenant_id == tenant).cloned())
    }

    async fn described_entries(
        &self,
        tenant: TenantId,
        filter: &EntryFilter,
    ) -> Result<Vec<DescribedEntry>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let own = tables.ledgers.get(&tenant).map_or(&[][..], Vec::as_slice).iter().rev();
        let described = own.map(|entry| tables.describe(entry)).filter(|described| {
            let entry = &described.entry;
            filter.before.is_none_or(|before| entry.seq < before)
                && filter.kind.is_none_or(|kind| entry.booked.kind == kind)
                && (filter.reference.is_none() || described.reference == filter.reference)
        });
        Ok(described.take(usize::try_from(filter.limit).unwrap_or(usize::MAX)).collect())
    }

    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, StoreError> {
        yield_now().await;
        let mut expired = Vec::new();
        let tables = &mut *lock(&self.tables);
        for hold in tables.wallet.holds.values_mut().filter(|hold| hold.status == HoldStatus::Active) {
            if hold.expires_at <= now && expired.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
                hold.status = HoldStatus::Expired;
                hold.updated_at = now;
                expired.push(hold.clone());
            }
        }
        tables.webhooks.owe(expired.iter().map(WebhookEvent::hold_expired));
        Ok(expired)
    }

    async fn delete_refused_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        yield_now().await;
        let keys = &mut lock(&self.tables).wallet.keys;
        let known = keys.len();
        keys.retain(|_, record| matches!(record.outcome, Outcome::Done { .. }) || record.created_at >= before);
        Ok(u64::try_from(known - keys.len()).unwrap_or(u64::MAX))
    }
}

impl Tables {
    fn load(&self, requests: &[Request], now: Timestamp) -> Loaded {
        let day = Usage::day_of(now);
        let usage = self.wallet.usage.iter().filter(|((_, of), _)| *of == day);
        Loaded {
            wallets: requests
                .iter()
                .map(|request| request.tenant_id)
                .filter(|tenant| self.has_tenant(*tenant))
                .map(|tenant| (tenant, self.wallet_of(tenant, requests)))
                .collect(),
            spends: self.wallet.spends.clone(),
            grants: self.wallet.grants.clone(),
            keys: self.wallet.keys.clone(),
            usage: usage.map(|((key, _), credits)| (*key, *credits)).collect(),
            revoked: self.api_keys.values().filter(|key| key.revoked_at.is_some()).map(|key| key.id).collect(),
        }
    }

    pub(super) fn held(&self, tenant: TenantId, id: HoldId) -> Option<Hold> {
        self.wallet.holds.get(&id).filter(|hold| hold.tenant_id == tenant).cloned()
    }

    pub(super) fn wallet_of(&self, tenant: TenantId, requests: &[Request]) -> Wallet {
        let balance = self.balance(tenant);
        let needed = |hold: &&Hold| {
            let named = requests.iter().any(|request| request.command.hold() == Some(hold.id));
            hold.tenant_id == tenant && (named || hold.status == HoldStatus::Active)
        };
        Wallet {
            balance: balance.credits,
            seq: balance.seq,
            low_balance: self.tenants.get(&tenant).and_then(|tenant| tenant.low_balance),
            holds: self.wallet.holds.values().filter(needed).map(|hold| (hold.id, hold.clone())).collect(),
        }
    }

    fn write(&mut self, changes: Changes) {
        self.webhooks.owe(owed_by_changes(&changes));
        let wallet = &mut self.wallet;
        for wave in changes.waves {
            for hold in wave.freed.into_iter().chain(wave.made).chain(wave.extended) {
                wallet.holds.insert(hold.id, hold);
            }
            for Posting { entry, source } in wave.postings {
                match source {
                    Source::Spend(spend) => drop(wallet.spends.insert(spend.id, spend)),
                    Source::Grant(grant) => drop(wallet.grants.insert(grant.id, grant)),
                    Source::Reversal(reversal) => wallet.reverse(reversal),
                }
                self.ledgers.entry(entry.booked.tenant_id).or_default().push(entry);
            }
        }
        wallet.keys.extend(changes.keys.into_iter().map(|record| (record.key.clone(), record)));
        wallet.usage.extend(changes.usage.into_iter().map(|usage| ((usage.api_key, usage.day), usage.credits)));
    }

    pub(super) fn describe(&self, entry: &Entry) -> DescribedEntry {
        let NewEntry { source, kind, effect_ref, .. } = &entry.booked;
        let spend = if let ledger::Source::Spend(id) = source { self.wallet.spends.get(id) } else { None };
        let grant = if let ledger::Source::Grant(id) = source { self.wallet.grants.get(id) } else { None };
        let reversal = effect_ref.parse().ok().and_then(|id: ReversalId| self.wallet.reversals.get(&id));
        let reason = match kind {
            EntryKind::Spend => spend.and_then(|spend| spend.details.description.clone()),
            EntryKind::Grant => grant.map(|grant| grant.reason.as_str().to_owned()),
            _ => reversal.map(|reversal| reversal.reason.as_str().to_owned()),
        };
        let reference = spend.and_then(|spend| spend.details.reference.clone());
        let metadata = spend.map(|spend| spend.details.metadata.clone()).unwrap_or_default();
        DescribedEntry { entry: entry.clone(), reference, description: reason, metadata }
    }
}

impl WalletTables {
    fn reverse(&mut self, reversal: Reversal) {
        match reversal.source {
            ReversedSource::Spend(id) => {
                if let Some(spend) = self.spends.get_mut(&id) {
                    spend.reversed.0 += reversal.credits.0;
                }
            }
            ReversedSource::Grant(id) => {
                if let Some(grant) = self.grants.get_mut(&id) {
                    grant.reversed.0 += reversal.credits.0;
                }
            }
        }
        self.reversals.insert(reversal.id, reversal);
    }
}
