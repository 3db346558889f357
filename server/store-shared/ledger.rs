//! Reads the ledger.

use async_trait::async_trait;
use billing::{
    ids::{PurchaseId, TenantId},
    ledger::{Balance, Entry},
    money::Credits,
    store::{LedgerStore, StoreError},
};

use super::{row::EntryRow, store_error};
use crate::{ThisStore, dialect::Pool};

#[async_trait]
impl LedgerStore for ThisStore {
    async fn balance(&self, tenant: TenantId) -> Result<Balance, StoreError> {
        balance(self.reader(), tenant).await
    }

    async fn ledger(&self, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError> {
        ledger(self.reader(), tenant, limit, before).await
    }

    async fn entries(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError> {
        entries(self.reader(), tenant, purchase).await
    }
}

async fn balance(pool: &Pool, tenant: TenantId) -> Result<Balance, StoreError> {
    let newest = sqlx::query!(
        r#"SELECT seq AS "seq!", balance_after AS "balance_after!" FROM ledger_entries
        WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1"#,
        tenant.to_string()
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    Ok(newest.map_or_else(Balance::default, |row| Balance { credits: Credits(row.balance_after), seq: row.seq }))
}

/// The columns of an entry that is read.
macro_rules! select_entries {
    ($rest:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            EntryRow,
            r#"SELECT id AS "id!", purchase_id, spend_id, grant_id, seq AS "seq!", kind AS "kind!",
                effect_ref AS "effect_ref!", credits AS "credits!", balance_after AS "balance_after!",
                created_at AS "created_at!"
            FROM ledger_entries "# + $rest,
            $($argument),+
        )
    };
}

async fn ledger(pool: &Pool, tenant: TenantId, limit: u32, before: Option<i64>) -> Result<Vec<Entry>, StoreError> {
    let rows = select_entries!(
        "WHERE tenant_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
        tenant.to_string(),
        before.unwrap_or(i64::MAX),
        i64::from(limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(|row| row.entry(tenant)).collect()
}

async fn entries(pool: &Pool, tenant: TenantId, purchase: PurchaseId) -> Result<Vec<Entry>, StoreError> {
    let rows = select_entries!(
        "WHERE tenant_id = $1 AND purchase_id = $2 ORDER BY kind, effect_ref",
        tenant.to_string(),
        purchase.to_string()
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    let mut entries: Vec<Entry> = rows.into_iter().map(|row| row.entry(tenant)).collect::<Result<_, _>>()?;
    // Sorted here, because with `ORDER BY seq` SQLite would scan the tenant's whole ledger. Ordered by the unique key,
    // it uses that index.
    entries.sort_by_key(|entry| entry.seq);
    Ok(entries)
}
