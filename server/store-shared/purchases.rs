//! Writes and reads purchases.

use async_trait::async_trait;
use billing::{
    ids::{PurchaseId, TenantId},
    purchase::{OrderKey, Purchase},
    store::{Inserted, OrderLimits, PageRequest, PurchaseStore, StoreError},
};
use jiff::Timestamp;

use super::{
    row::{Metadata, PurchaseRow, json, micros, parse},
    statements::NewPurchaseRow,
    store_error,
};
use crate::{
    ThisStore,
    dialect::{self, Connection, Pool},
};

/// `SELECT` of whole purchases; the rest of the statement and its arguments follow.
macro_rules! select_purchases {
    ($rest:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            PurchaseRow,
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", ordered_by AS "ordered_by!", order_key, provider_ref,
                checkout_url, product_id AS "product_id!", type AS "kind!", status AS "status!", failure_reason,
                amount_cents AS "amount_cents!", currency AS "currency!", credits_amount AS "credits_amount!",
                metadata_json AS "metadata_json!", payment_ref, reversals_json AS "reversals_json!", receipt_number,
                receipt_series_begun_at,
                created_at AS "created_at!",
                updated_at AS "updated_at!", paid_at, failed_at, refunded_at, version AS "version!"
            FROM purchases "# + $rest,
            $($argument),+
        )
    };
}

/// Sorts after every id, which is hexadecimal digits and hyphens.
const AFTER_EVERY_ID: &str = "~";

#[async_trait]
impl PurchaseStore for ThisStore {
    async fn insert_purchase(&self, purchase: &Purchase, limits: Option<OrderLimits>) -> Result<Inserted, StoreError> {
        let mut connection = self.writer().acquire().await.map_err(store_error)?;
        let inserted = insert(&mut connection, purchase, limits).await?;
        if inserted == Inserted::New {
            self.changed(purchase.tenant_id);
        }
        Ok(inserted)
    }

    async fn purchase(&self, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
        by_id(self.reader(), tenant, id).await
    }

    async fn purchase_by_checkout(&self, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError> {
        by_checkout(self.reader(), tenant, provider_ref).await
    }

    async fn locate(
        &self,
        provider_ref: &str,
        purchase_id: Option<PurchaseId>,
    ) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        locate(self.reader(), provider_ref, purchase_id).await
    }

    async fn locate_payment(&self, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
        locate_payment(self.reader(), payment_ref).await
    }

    async fn has_checkout_without_prefix(&self, prefix: &str) -> Result<bool, StoreError> {
        has_checkout_without_prefix(self.reader(), prefix).await
    }

    async fn purchases(&self, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError> {
        list(self.reader(), tenant, page).await
    }

    async fn claim_pending(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        claim_pending(self.writer(), now, leased_until, limit).await
    }

    async fn pending_since(&self, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
        pending_since(self.reader(), before).await
    }
}

pub(super) async fn insert(
    connection: &mut Connection,
    purchase: &Purchase,
    limits: Option<OrderLimits>,
) -> Result<Inserted, StoreError> {
    let metadata = Metadata {
        product_name: purchase.item.name.clone(),
        locale: purchase.locale,
        consent: purchase.consent.as_ref().map(ToString::to_string),
    };
    let (metadata_json, reversals_json) = (json(&metadata)?, json(&purchase.reversals)?);
    let row = NewPurchaseRow { purchase, metadata_json, reversals_json, limits };
    if dialect::insert_purchase(connection, &row).await.map_err(store_error)? == 1 {
        return Ok(Inserted::New);
    }
    let tenant = purchase.tenant_id.to_string();
    let order_key = purchase.order_key.as_ref().map(OrderKey::as_str);
    let earlier = select_purchases!("WHERE tenant_id = $1 AND order_key = $2", tenant, order_key)
        .fetch_optional(connection)
        .await
        .map_err(store_error)?;
    match earlier {
        Some(earlier) => Ok(Inserted::Existing(Box::new(earlier.try_into()?))),
        None if limits.is_some() => Ok(Inserted::LimitReached),
        None => Err(StoreError::Internal("the purchase was neither written nor there".to_owned())),
    }
}

async fn by_id(pool: &Pool, tenant: TenantId, id: PurchaseId) -> Result<Option<Purchase>, StoreError> {
    let row = select_purchases!("WHERE tenant_id = $1 AND id = $2", tenant.to_string(), id.to_string())
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.map(Purchase::try_from).transpose()
}

async fn by_checkout(pool: &Pool, tenant: TenantId, provider_ref: &str) -> Result<Option<Purchase>, StoreError> {
    if provider_ref.contains('\0') {
        return Ok(None);
    }
    let row = select_purchases!("WHERE tenant_id = $1 AND provider_ref = $2", tenant.to_string(), provider_ref)
        .fetch_optional(pool)
        .await
        .map_err(store_error)?;
    row.map(Purchase::try_from).transpose()
}

async fn locate(
    pool: &Pool,
    provider_ref: &str,
    purchase_id: Option<PurchaseId>,
) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id!", id AS "id!", 1 AS "place!" FROM purchases WHERE provider_ref = $1
        UNION ALL
        SELECT tenant_id, id, 2 FROM purchases WHERE id = $2
        ORDER BY 3 LIMIT 1"#,
        provider_ref.replace('\0', ""),
        purchase_id.map(|id| id.to_string())
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    found.map(|row| Ok((parse("tenant_id", &row.tenant_id)?, parse("id", &row.id)?))).transpose()
}

async fn has_checkout_without_prefix(pool: &Pool, prefix: &str) -> Result<bool, StoreError> {
    // Two ranges, at both ends of the unique index on `provider_ref`, so that nothing else is read.
    let after_prefix = format!("{prefix}{}", char::MAX);
    let found = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM purchases WHERE provider_ref < $1 OR provider_ref > $2 LIMIT 1"#,
        prefix,
        after_prefix
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    Ok(found.is_some())
}

async fn locate_payment(pool: &Pool, payment_ref: &str) -> Result<Option<(TenantId, PurchaseId)>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id!", id AS "id!" FROM purchases WHERE payment_ref = $1 LIMIT 1"#,
        payment_ref.replace('\0', "")
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    found.map(|row| Ok((parse("tenant_id", &row.tenant_id)?, parse("id", &row.id)?))).transpose()
}

/// The purchases to be checked next, without those that another process has locked; see `claim_events`.
macro_rules! claim_purchases {
    ($lock:literal, $now:expr, $leased_until:expr, $limit:expr) => {
        sqlx::query!(
            "WITH due AS (
                SELECT id FROM purchases WHERE status = 'PENDING' AND check_after <= $1
                ORDER BY check_after LIMIT $3 "
                + $lock
                + r#")
            UPDATE purchases SET check_after = $2, version = version + 1 WHERE id IN (SELECT id FROM due)
            RETURNING tenant_id AS "tenant_id!", id AS "id!""#,
            $now,
            $leased_until,
            $limit
        )
    };
}

async fn claim_pending(
    pool: &Pool,
    now: Timestamp,
    leased_until: Timestamp,
    limit: u32,
) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
    let claimed = dialect::claim!(claim_purchases, micros(now), micros(leased_until), i64::from(limit))
        .fetch_all(pool)
        .await
        .map_err(store_error)?;
    claimed.into_iter().map(|row| Ok((parse("tenant_id", &row.tenant_id)?, parse("id", &row.id)?))).collect()
}

async fn pending_since(pool: &Pool, before: Timestamp) -> Result<Vec<(TenantId, PurchaseId)>, StoreError> {
    let pending = sqlx::query!(
        r#"SELECT tenant_id AS "tenant_id!", id AS "id!" FROM purchases
        WHERE status = 'PENDING' AND created_at < $1 ORDER BY id"#,
        micros(before)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    pending.into_iter().map(|row| Ok((parse("tenant_id", &row.tenant_id)?, parse("id", &row.id)?))).collect()
}

async fn list(pool: &Pool, tenant: TenantId, page: PageRequest) -> Result<Vec<Purchase>, StoreError> {
    let older_than = page.older_than.map_or_else(|| AFTER_EVERY_ID.to_owned(), |id| id.to_string());
    let rows = select_purchases!(
        "WHERE tenant_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        tenant.to_string(),
        older_than,
        i64::from(page.limit)
    )
    .fetch_all(pool)
    .await
    .map_err(store_error)?;
    rows.into_iter().map(Purchase::try_from).collect()
}
