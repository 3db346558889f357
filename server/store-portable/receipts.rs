//! Numbering and reading receipts.

use billing::{
    ids::{PurchaseId, TenantId},
    receipt::{Issuer, Receipt, ReceiptNumber, Seller},
    store::StoreError,
};
use jiff::Timestamp;

use super::{
    row::{instant, micros},
    store_error,
};
use crate::{ThisStore, dialect::Pool};

/// Waits for the seller's turn first: from there on, nobody else gives numbers of that sequence until this transaction has
/// ended. The triggers check that the numbers follow the last one, and write them upon the purchases.
pub(super) async fn number(store: &ThisStore, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError> {
    // The usual answer, without a lock.
    if !any_due(store.reader()).await? {
        return Ok(0);
    }
    let seller = &issuer.seller;
    let key = seller.key();
    let mut transaction = store.begin().await.map_err(store_error)?;
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
            seller_vat_id, vat_rate_basis_points, buyer_email)
        SELECT $1, (SELECT COALESCE(MAX(number), 0) FROM receipts WHERE seller_key = $1)
                + row_number() OVER (ORDER BY due.paid_at, due.id),
            due.tenant_id, due.id, $2, $3, $4, $5, $6, users.email
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
        i64::from(limit)
    )
    .execute(&mut *transaction)
    .await
    .map_err(store_error)?;
    transaction.commit().await.map_err(store_error)?;
    Ok(u32::try_from(numbered.rows_affected()).unwrap_or(limit))
}

async fn any_due(pool: &Pool) -> Result<bool, StoreError> {
    let due = sqlx::query_scalar!(
        r#"SELECT id AS "id!" FROM purchases WHERE paid_at IS NOT NULL AND receipt_number IS NULL
        ORDER BY paid_at, id LIMIT 1"#
    );
    Ok(due.fetch_optional(pool).await.map_err(store_error)?.is_some())
}

pub(super) async fn read(pool: &Pool, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT number AS "number!", issued_at AS "issued_at!", seller_name AS "seller_name!",
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
        number: ReceiptNumber(row.number),
        issued_at: instant(row.issued_at)?,
        issuer: Issuer { seller, vat_rate_basis_points: row.vat_rate_basis_points },
        buyer_email: row.buyer_email,
    }))
}
