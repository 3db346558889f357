//! Numbers and reads receipts.

use async_trait::async_trait;
use billing::{
    ids::{PurchaseId, TenantId},
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
    store::{ReceiptStore, StoreError},
};
use jiff::Timestamp;

use super::{
    row::{instant, micros, receipt_number},
    store_error,
};
use crate::{
    ThisStore,
    dialect::{Connection, Pool},
};

/// Locks the seller's row first, so that no other transaction uses this sequence until this one has ended. The triggers
/// check that the numbers are consecutive, and copy them to the purchases.
async fn number(store: &ThisStore, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError> {
    // Usually nothing is due, and no lock is needed to see that.
    if !any_due(store.reader()).await? {
        return Ok(0);
    }
    let seller = &issuer.seller;
    let mut transaction = store.begin().await.map_err(store_error)?;
    let series = newest_series(&mut transaction, seller).await?;
    let key = ReceiptSeries::key(series, seller);
    sqlx::query!(
        "INSERT INTO receipt_sequences (seller_key, numbered_at) VALUES ($1, $2)
        ON CONFLICT (seller_key) DO UPDATE SET numbered_at = excluded.numbered_at",
        key,
        micros(at)
    )
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    let numbered = sqlx::query!(
        "INSERT INTO receipts (seller_key, number, tenant_id, purchase_id, issued_at, seller_name, seller_address,
            seller_vat_id, vat_rate_basis_points, series_begun_at, buyer_email)
        SELECT $1, (SELECT COALESCE(MAX(number), 0) FROM receipts WHERE seller_key = $1)
                + row_number() OVER (ORDER BY due.paid_at, due.id),
            due.tenant_id, due.id, $2, $3, $4, $5, $6, $8, users.email
        FROM (SELECT tenant_id, id, ordered_by, paid_at FROM purchases
              WHERE paid_at IS NOT NULL AND receipt_number IS NULL ORDER BY paid_at, id LIMIT $7) AS due
        JOIN users ON users.tenant_id = due.tenant_id AND users.id = due.ordered_by
        ORDER BY due.paid_at, due.id",
        key,
        micros(at),
        seller.name,
        seller.address.join("\n"),
        seller.vat_id,
        issuer.vat_rate_basis_points,
        i64::from(limit),
        series.map(|series| micros(series.second()))
    )
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    Ok(u32::try_from(numbered.rows_affected()).unwrap_or(limit))
}

async fn newest_series(connection: &mut Connection, seller: &Seller) -> Result<Option<ReceiptSeries>, StoreError> {
    let newest = sqlx::query_scalar!(
        r#"SELECT begun_at AS "begun_at!" FROM receipt_series WHERE seller_key = $1 ORDER BY begun_at DESC LIMIT 1"#,
        seller.key()
    );
    let begun_at = newest.fetch_optional(connection).await.map_err(store_error)?;
    begun_at.map(|micros| instant(micros).map(ReceiptSeries::begun_at)).transpose()
}

async fn begin_series(pool: &Pool, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO receipt_series (seller_key, begun_at) VALUES ($1, $2)",
        seller.key(),
        micros(series.second())
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn any_due(pool: &Pool) -> Result<bool, StoreError> {
    let due = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM purchases WHERE paid_at IS NOT NULL AND receipt_number IS NULL
        ORDER BY paid_at, id LIMIT 1"#
    );
    Ok(due.fetch_optional(pool).await.map_err(store_error)?.is_some())
}

async fn read(pool: &Pool, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT number AS "number!", series_begun_at, issued_at AS "issued_at!", seller_name AS "seller_name!",
            seller_address AS "seller_address!", seller_vat_id AS "seller_vat_id!",
            vat_rate_basis_points AS "vat_rate_basis_points!", buyer_email AS "buyer_email!"
        FROM receipts WHERE tenant_id = $1 AND purchase_id = $2"#,
        tenant.to_string(),
        purchase.to_string()
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    let Some(row) = row else { return Ok(None) };
    let seller = Seller {
        name: row.seller_name,
        address: row.seller_address.lines().map(str::to_owned).collect(),
        vat_id: row.seller_vat_id,
    };
    Ok(Some(Receipt {
        tenant_id: tenant,
        purchase_id: purchase,
        number: receipt_number(row.number, row.series_begun_at)?,
        issued_at: instant(row.issued_at)?,
        issuer: Issuer { seller, vat_rate_basis_points: row.vat_rate_basis_points },
        buyer_email: row.buyer_email,
    }))
}

#[async_trait]
impl ReceiptStore for ThisStore {
    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError> {
        begin_series(self.writer(), seller, series).await
    }

    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError> {
        number(self, issuer, at, limit).await
    }

    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError> {
        read(self.reader(), tenant, purchase).await
    }
}
