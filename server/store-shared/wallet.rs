//! Executing requests of the platform, and reading the wallet.
//!
//! [`WalletStore::execute`] locks the tenants in the order of their ids, then reads and writes; so two groups of requests
//! never wait for each other in a circle. Changes to purchases lock the purchases first and then their tenants, in the same
//! order, and nothing here locks a purchase.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use billing::{
    clock::{Clock, Entropy},
    ids::{HoldId, SpendId, TenantId},
    ledger::EntryKind,
    money::Credits,
    outgoing_webhook::{WebhookEvent, owed_by_changes},
    store::{DescribedEntry, EntryFilter, StoreError, WalletStore},
    wallet::{Answer, Changes, Executor, Funds, Hold, Loaded, Request, Spend, Usage, Wallet, Wave},
};
use jiff::Timestamp;

use super::{
    row::{micros, parse},
    store_error,
    wallet_groups::{Locked, Named, WaveRows},
    wallet_rows::{DescribedRow, HoldRow, StoredGrant, StoredSpend},
    webhooks,
};
use crate::{
    ThisStore,
    dialect::{self, Connection},
    wallet_dialect,
};

#[async_trait]
impl WalletStore for ThisStore {
    async fn execute(
        &self,
        requests: &[Request],
        clock: &dyn Clock,
        entropy: &dyn Entropy,
    ) -> Result<Vec<Answer>, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let named = Named::of(requests);
        let locked = wallet_dialect::lock_wallets(&mut transaction, &named).await.map_err(store_error)?;
        let now = clock.now();
        let loaded = load(&mut transaction, &named, locked, now).await?;
        let (answers, changes) = Executor { now, entropy }.execute(loaded, requests);
        let tenants = write(&mut transaction, &changes).await?;
        if tenants.is_empty() && changes.keys.is_empty() {
            transaction.rollback().await.map_err(store_error)?;
        } else {
            transaction.commit().await.map_err(store_error)?;
        }
        for tenant in tenants {
            self.changed(tenant);
        }
        Ok(answers)
    }

    async fn funds(&self, tenant: TenantId, now: Timestamp) -> Result<Funds, StoreError> {
        let row = sqlx::query!(
            r#"SELECT COALESCE(newest.seq, 0) AS "seq!: i64", COALESCE(newest.balance_after, 0) AS "balance!: i64",
                COALESCE((SELECT CAST(sum(credits - captured) AS BIGINT) FROM holds
                    WHERE tenant_id = $1 AND status = 'ACTIVE' AND expires_at > $2), 0) AS "held!: i64"
            FROM (SELECT 1 AS one) AS always
            LEFT JOIN (SELECT seq, balance_after FROM ledger_entries WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1)
                AS newest ON TRUE"#,
            tenant.to_string(),
            micros(now)
        )
        .fetch_one(self.reader())
        .await
        .map_err(store_error)?;
        Ok(Funds { balance: Credits(row.balance), held: Credits(row.held), seq: row.seq })
    }

    async fn hold(&self, tenant: TenantId, id: HoldId) -> Result<Option<Hold>, StoreError> {
        let row = sqlx::query_as!(
            HoldRow,
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", credits AS "credits!", captured AS "captured!",
                status AS "status!", reference, description, metadata_json AS "metadata_json!",
                created_at AS "created_at!", updated_at AS "updated_at!", expires_at AS "expires_at!", finished_at
            FROM holds WHERE tenant_id = $1 AND id = $2"#,
            tenant.to_string(),
            id.to_string()
        )
        .fetch_optional(self.reader())
        .await
        .map_err(store_error)?;
        row.map(Hold::try_from).transpose()
    }

    async fn active_holds(&self, tenant: TenantId, now: Timestamp) -> Result<Vec<Hold>, StoreError> {
        let rows = sqlx::query_as!(
            HoldRow,
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", credits AS "credits!", captured AS "captured!",
                status AS "status!", reference, description, metadata_json AS "metadata_json!",
                created_at AS "created_at!", updated_at AS "updated_at!", expires_at AS "expires_at!", finished_at
            FROM holds WHERE tenant_id = $1 AND status = 'ACTIVE' AND expires_at > $2 ORDER BY expires_at, id"#,
            tenant.to_string(),
            micros(now)
        )
        .fetch_all(self.reader())
        .await
        .map_err(store_error)?;
        rows.into_iter().map(Hold::try_from).collect()
    }

    async fn spend(&self, tenant: TenantId, id: SpendId) -> Result<Option<Spend>, StoreError> {
        let row = sqlx::query_as!(
            StoredSpend,
            r#"SELECT spends.id AS "id!", spends.tenant_id AS "tenant_id!", spends.hold_id, spends.credits AS "credits!",
                spends.reference, spends.description, spends.metadata_json AS "metadata_json!",
                spends.created_at AS "created_at!",
                COALESCE((SELECT CAST(sum(entry.credits) AS BIGINT) FROM ledger_entries AS entry
                    WHERE entry.tenant_id = spends.tenant_id AND entry.spend_id = spends.id
                        AND entry.kind = 'SPEND_REVERSAL'), 0) AS "reversed!: i64"
            FROM spends WHERE spends.tenant_id = $1 AND spends.id = $2"#,
            tenant.to_string(),
            id.to_string()
        )
        .fetch_optional(self.reader())
        .await
        .map_err(store_error)?;
        row.map(Spend::try_from).transpose()
    }

    async fn described_entries(
        &self,
        tenant: TenantId,
        filter: &EntryFilter,
    ) -> Result<Vec<DescribedEntry>, StoreError> {
        let before = filter.before.unwrap_or(i64::MAX);
        let limit = i64::from(filter.limit);
        let kind = filter.kind.map(EntryKind::as_str);
        let rows = match (filter.kind, &filter.reference) {
            (None, None) => {
                described_entries!("", "TRUE", tenant.to_string(), before, limit).fetch_all(self.reader()).await
            }
            (Some(EntryKind::Spend), None) => {
                described_entries!("", "entry.kind = 'SPEND'", tenant.to_string(), before, limit)
                    .fetch_all(self.reader())
                    .await
            }
            (Some(_), None) => {
                dialect::by_kind_index!(described_entries, tenant.to_string(), before, limit, kind)
                    .fetch_all(self.reader())
                    .await
            }
            (_, Some(reference)) => {
                described_entries!(
                    "",
                    "entry.spend_id IN (SELECT id FROM spends WHERE tenant_id = $1 AND reference = $4)
                        AND (CAST($5 AS TEXT) IS NULL OR entry.kind = CAST($5 AS TEXT))",
                    tenant.to_string(),
                    before,
                    limit,
                    reference.as_str(),
                    kind
                )
                .fetch_all(self.reader())
                .await
            }
        };
        let rows: Vec<DescribedRow> = rows.map_err(store_error)?;
        rows.into_iter().map(|row| row.described(tenant)).collect()
    }

    async fn expire_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<Hold>, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let rows = wallet_dialect::expire_holds(&mut transaction, micros(now), i64::from(limit)).await;
        let holds: Vec<Hold> = rows.map_err(store_error)?.into_iter().map(Hold::try_from).collect::<Result<_, _>>()?;
        webhooks::owe(&mut transaction, holds.iter().map(WebhookEvent::hold_expired)).await?;
        transaction.commit().await.map_err(store_error)?;
        for tenant in holds.iter().map(|hold| hold.tenant_id).collect::<BTreeSet<_>>() {
            self.changed(tenant);
        }
        Ok(holds)
    }

    async fn delete_refused_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        let deleted = sqlx::query!("DELETE FROM idempotency_keys WHERE NOT done AND created_at < $1", micros(before))
            .execute(self.writer())
            .await
            .map_err(store_error)?;
        Ok(deleted.rows_affected())
    }
}

/// Entries of tenant $1 before entry $2, at most $3, with what is known of their source. `$index` names the index to read
/// them by, where the planner has to be told, and `$condition` filters `entry` further.
macro_rules! described_entries {
    ($index:tt, $condition:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            DescribedRow,
            r#"SELECT entry.id AS "id!", entry.purchase_id, entry.spend_id, entry.grant_id, entry.seq AS "seq!",
                entry.kind AS "kind!", entry.effect_ref AS "effect_ref!", entry.credits AS "credits!",
                entry.balance_after AS "balance_after!", entry.created_at AS "created_at!",
                spends.reference AS "reference?",
                COALESCE(wallet_reversals.reason, grants.reason, spends.description) AS "description?",
                spends.metadata_json AS "metadata_json?"
            FROM ledger_entries AS entry "# + $index + "
            LEFT JOIN spends ON spends.tenant_id = entry.tenant_id AND spends.id = entry.spend_id
            LEFT JOIN grants ON grants.tenant_id = entry.tenant_id AND grants.id = entry.grant_id
            LEFT JOIN wallet_reversals ON wallet_reversals.tenant_id = entry.tenant_id
                AND wallet_reversals.id = entry.effect_ref AND entry.kind IN ('SPEND_REVERSAL', 'GRANT_REVERSAL')
            WHERE entry.tenant_id = $1 AND entry.seq < $2 AND " + $condition + " ORDER BY entry.seq DESC LIMIT $3",
            $($argument),+
        )
    };
}
use described_entries;

async fn load(
    connection: &mut Connection,
    named: &Named,
    locked: Locked,
    now: Timestamp,
) -> Result<Loaded, StoreError> {
    let mut loaded = Loaded::default();
    for id in locked.revoked {
        loaded.revoked.insert(parse("api_key_id", &id)?);
    }
    for row in locked.wallets {
        let wallet = Wallet {
            balance: Credits(row.balance_after.unwrap_or(0)),
            seq: row.seq.unwrap_or(0),
            low_balance: row.low_balance.map(Credits),
            holds: BTreeMap::new(),
        };
        loaded.wallets.insert(parse("tenant_id", &row.tenant_id)?, wallet);
    }
    if locked.has_holds || !named.holds.is_empty() {
        let holds = wallet_dialect::holds(connection, &named.tenants, &named.holds, micros(now)).await;
        for row in holds.map_err(store_error)? {
            let hold = Hold::try_from(row)?;
            if let Some(wallet) = loaded.wallets.get_mut(&hold.tenant_id) {
                wallet.holds.insert(hold.id, hold);
            }
        }
    }
    if locked.keys_known {
        for row in wallet_dialect::keys(connection, &named.keys).await.map_err(store_error)? {
            let record = row.record()?;
            loaded.keys.insert(record.key.clone(), record);
        }
    }
    if !named.spends.is_empty() {
        let rows: Vec<StoredSpend> =
            wallet_dialect::spends(connection, &named.tenants, &named.spends).await.map_err(store_error)?;
        for row in rows {
            let spend = Spend::try_from(row)?;
            loaded.spends.insert(spend.id, spend);
        }
    }
    if !named.grants.is_empty() {
        let rows: Vec<StoredGrant> =
            wallet_dialect::grants(connection, &named.tenants, &named.grants).await.map_err(store_error)?;
        for row in rows {
            let grant = row.grant()?;
            loaded.grants.insert(grant.id, grant);
        }
    }
    if !named.capped.is_empty() {
        let day = Usage::day_of(now);
        for (id, credits) in wallet_dialect::lock_usage(connection, &named.capped, day).await.map_err(store_error)? {
            loaded.usage.insert(parse("api_key_id", &id)?, Credits(credits));
        }
    }
    Ok(loaded)
}

/// Writes what was decided; tells whose credits or holds have changed.
async fn write(connection: &mut Connection, changes: &Changes) -> Result<BTreeSet<TenantId>, StoreError> {
    for rows in WaveRows::of(changes)? {
        wallet_dialect::write(connection, &rows).await.map_err(store_error)?;
    }
    for usage in &changes.usage {
        sqlx::query!(
            "INSERT INTO api_key_usage (api_key_id, day, credits) VALUES ($1, $2, $3)
            ON CONFLICT (api_key_id, day) DO UPDATE SET credits = excluded.credits",
            usage.api_key.to_string(),
            usage.day,
            usage.credits.0
        )
        .execute(&mut *connection)
        .await
        .map_err(store_error)?;
    }
    // Pages that show holds are made anew: no entry tells them.
    let held: BTreeSet<_> = changes.waves.iter().flat_map(holds_of).map(|hold| hold.tenant_id).collect();
    if !held.is_empty() {
        let tenants: Vec<_> = held.iter().map(TenantId::to_string).collect();
        wallet_dialect::count_changes(connection, &tenants).await.map_err(store_error)?;
    }
    webhooks::owe(connection, owed_by_changes(changes)).await?;
    let booked = changes.waves.iter().flat_map(|wave| &wave.postings).map(|posting| posting.entry.booked.tenant_id);
    Ok(held.into_iter().chain(booked).collect())
}

fn holds_of(wave: &Wave) -> impl Iterator<Item = &Hold> {
    wave.freed.iter().chain(&wave.made).chain(&wave.extended)
}
