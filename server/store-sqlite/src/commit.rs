//! Writes changes: several statements for each under the write lock, which cost no round trips, and one commit for all.

use billing::{
    money::Credits,
    outgoing_webhook::{WebhookEvent, owed_by_entries},
    store::{Change, Committed, StoreError},
};

use sqlx::Connection as _;

use crate::{
    dialect::{Connection, Pool},
    portable::{
        change_rows::{ChangedPurchaseRow, NewEntryRow},
        events, mails, store_error, webhooks,
    },
};

/// The most groups that are written at the same time: SQLite has one writer.
pub(crate) const GROUPS_MAX: usize = 1;

/// Writes changes over the writing connection.
#[derive(Clone)]
pub(crate) struct Writer(pub(crate) Pool);

impl Writer {
    /// Writes changes in one transaction, and gives an outcome for each of them, in their order.
    pub(crate) async fn write(&self, changes: &[Change]) -> Vec<Result<Committed, StoreError>> {
        match self.write_together(changes).await {
            Ok(outcomes) => outcomes,
            Err(error) => changes.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    /// Fails when nothing is written of any change.
    async fn write_together(&self, changes: &[Change]) -> Result<Vec<Result<Committed, StoreError>>, StoreError> {
        let mut transaction = self.0.begin_with("BEGIN IMMEDIATE").await.map_err(store_error)?;
        let mut outcomes = Vec::with_capacity(changes.len());
        for change in changes {
            // What is stale or refused takes back what it has written itself, and nothing of the others.
            let mut savepoint = transaction.begin().await.map_err(store_error)?;
            let outcome = write(&mut savepoint, change).await;
            let ended = match outcome {
                Ok(Committed::Yes) => savepoint.commit().await,
                _ => savepoint.rollback().await,
            };
            if let Err(error) = ended {
                // After some failures of the disk, SQLite has rolled everything back by itself.
                return Err(outcome.err().unwrap_or_else(|| store_error(error)));
            }
            outcomes.push(outcome);
        }
        if outcomes.iter().any(|outcome| matches!(outcome, Ok(Committed::Yes))) {
            transaction.commit().await.map_err(store_error)?;
        } else {
            transaction.rollback().await.map_err(store_error)?;
        }
        Ok(outcomes)
    }
}

async fn write(connection: &mut Connection, change: &Change) -> Result<Committed, StoreError> {
    let purchase = ChangedPurchaseRow::try_from(&change.purchase)?;
    let owed = owed(connection, change).await.map_err(store_error)?;
    let committed = write_rows(connection, &purchase, change).await.map_err(store_error)?;
    if committed == Committed::Yes {
        webhooks::owe(connection, owed).await?;
    }
    Ok(committed)
}

async fn write_rows(
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
