//! Writes a change: several statements under the write lock, which cost no round trips.

use billing::{
    money::Credits,
    outgoing_webhook::{WebhookEvent, owed_by_entries},
    store::{Change, Committed, StoreError},
};

use crate::{
    SqliteStore,
    dialect::Connection,
    portable::{
        change_rows::{ChangedPurchaseRow, NewEntryRow},
        events, mails, store_error, webhooks,
    },
};

impl SqliteStore {
    /// Writes a change in one transaction.
    pub(crate) async fn write(&self, change: &Change) -> Result<Committed, StoreError> {
        let purchase = ChangedPurchaseRow::try_from(&change.purchase)?;
        let mut transaction = self.begin().await.map_err(store_error)?;
        let owed = owed(&mut transaction, change).await.map_err(store_error)?;
        let committed = write(&mut transaction, &purchase, change).await.map_err(store_error)?;
        if committed == Committed::Yes {
            webhooks::owe(&mut transaction, owed).await?;
        }
        match committed {
            Committed::Yes => transaction.commit().await.map_err(store_error)?,
            Committed::Stale => transaction.rollback().await.map_err(store_error)?,
        }
        Ok(committed)
    }
}

async fn write(
    connection: &mut Connection,
    purchase: &ChangedPurchaseRow<'_>,
    change: &Change,
) -> Result<Committed, sqlx::Error> {
    if !update_purchase(connection, purchase).await? {
        return Ok(Committed::Stale);
    }
    for entry in &change.entries {
        insert_entry(connection, &entry.into()).await?;
    }
    if let Some(event) = &change.event {
        events::close(connection, event).await?;
    }
    for mail in &change.outbox {
        mails::enqueue(connection, mail).await?;
    }
    Ok(Committed::Yes)
}

/// The webhook events that the entries owe, from what the tenant has before them.
async fn owed(connection: &mut Connection, change: &Change) -> Result<Vec<WebhookEvent>, sqlx::Error> {
    if change.entries.is_empty() {
        return Ok(Vec::new());
    }
    let row = sqlx::query!(
        r#"SELECT COALESCE(newest.balance_after, 0) AS "balance!: i64", platform_tenants.low_balance AS "low_balance?"
        FROM (SELECT 1 AS one) AS always
        LEFT JOIN (SELECT balance_after FROM ledger_entries WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1)
            AS newest ON TRUE
        LEFT JOIN platform_tenants ON platform_tenants.tenant_id = $1"#,
        change.purchase.tenant_id.to_string()
    )
    .fetch_one(connection)
    .await?;
    Ok(owed_by_entries(&change.entries, Credits(row.balance), row.low_balance.map(Credits)))
}

async fn update_purchase(connection: &mut Connection, row: &ChangedPurchaseRow<'_>) -> Result<bool, sqlx::Error> {
    let written = sqlx::query!(
        "UPDATE purchases SET provider_ref = $4, checkout_url = $5, payment_ref = $6, status = $7, failure_reason = $8,
            updated_at = $9, paid_at = $10, failed_at = $11, refunded_at = $12, reversals_json = $13,
            version = version + 1
        WHERE tenant_id = $1 AND id = $2 AND version = $3",
        row.tenant_id,
        row.id,
        row.version,
        row.provider_ref,
        row.checkout_url,
        row.payment_ref,
        row.status,
        row.failure_reason,
        row.updated_at,
        row.paid_at,
        row.failed_at,
        row.refunded_at,
        row.reversals_json
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn insert_entry(connection: &mut Connection, row: &NewEntryRow<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO ledger_entries
            (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at, seq, balance_after)
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),
            CAST($6 AS BIGINT), CAST($7 AS BIGINT),
            COALESCE(newest.seq, 0) + 1, COALESCE(newest.balance_after, 0) + CAST($6 AS BIGINT)
        FROM (SELECT 1 AS one) AS always
        LEFT JOIN (SELECT seq, balance_after FROM ledger_entries WHERE tenant_id = $2 ORDER BY seq DESC LIMIT 1)
            AS newest ON TRUE",
        row.id,
        row.tenant_id,
        row.purchase_id,
        row.kind,
        row.effect_ref,
        row.credits,
        row.created_at
    )
    .execute(connection)
    .await?;
    Ok(())
}
