//! Writes a change: several statements under the write lock, which cost no round trips.

use billing::{
    ledger::NewEntry,
    mail::Topic,
    purchase::Purchase,
    store::{Change, Committed, StoreError},
};

use crate::{
    SqliteStore,
    dialect::Connection,
    portable::{
        events, mails,
        row::{json, micros},
        store_error,
    },
};

impl SqliteStore {
    /// Writes a change in one transaction. `BEGIN IMMEDIATE` takes the write lock at once; a transaction that first
    /// reads and then writes would fail without waiting if another one has written in between.
    pub(crate) async fn write(&self, change: &Change) -> Result<Committed, StoreError> {
        let reversals = json(&change.purchase.reversals)?;
        let mut transaction = self.begin().await.map_err(store_error)?;
        let committed = write(&mut transaction, change, &reversals).await.map_err(store_error)?;
        match committed {
            Committed::Yes => transaction.commit().await.map_err(store_error)?,
            Committed::Stale => transaction.rollback().await.map_err(store_error)?,
        }
        Ok(committed)
    }
}

async fn write(connection: &mut Connection, change: &Change, reversals: &str) -> Result<Committed, sqlx::Error> {
    if !update_purchase(connection, &change.purchase, reversals).await? {
        return Ok(Committed::Stale);
    }
    for entry in &change.entries {
        insert_entry(connection, entry).await?;
    }
    if let Some(event) = &change.event {
        events::close(connection, event).await?;
    }
    if change.confirms {
        let topic = Topic::Confirmation(change.purchase.tenant_id, change.purchase.id);
        mails::enqueue(connection, topic, change.purchase.updated_at).await?;
    }
    Ok(Committed::Yes)
}

async fn update_purchase(
    connection: &mut Connection,
    purchase: &Purchase,
    reversals: &str,
) -> Result<bool, sqlx::Error> {
    let checkout = purchase.checkout.as_ref();
    let failure = purchase.state.failure();
    let written = sqlx::query!(
        "UPDATE purchases SET provider_ref = $4, checkout_url = $5, payment_ref = $6, status = $7, failure_reason = $8,
            updated_at = $9, paid_at = $10, failed_at = $11, refunded_at = $12, reversals_json = $13,
            version = version + 1
        WHERE tenant_id = $1 AND id = $2 AND version = $3",
        purchase.tenant_id.to_string(),
        purchase.id.to_string(),
        purchase.version,
        checkout.map(|checkout| checkout.provider_ref.as_str()),
        checkout.map(|checkout| checkout.url.as_str()),
        purchase.payment_ref,
        purchase.status().as_str(),
        failure.map(|failed| failed.reason.as_str()),
        micros(purchase.updated_at),
        purchase.state.paid_at().map(micros),
        failure.map(|failed| micros(failed.at)),
        purchase.state.refunded_at().map(micros),
        reversals
    )
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == 1)
}

async fn insert_entry(connection: &mut Connection, entry: &NewEntry) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO ledger_entries
            (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at, seq, balance_after)
        SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT),
            CAST($6 AS BIGINT), CAST($7 AS BIGINT),
            COALESCE(newest.seq, 0) + 1, COALESCE(newest.balance_after, 0) + CAST($6 AS BIGINT)
        FROM (SELECT 1 AS one) AS always
        LEFT JOIN (SELECT seq, balance_after FROM ledger_entries WHERE tenant_id = $2 ORDER BY seq DESC LIMIT 1)
            AS newest ON TRUE",
        entry.id.to_string(),
        entry.tenant_id.to_string(),
        entry.purchase_id.to_string(),
        entry.kind.as_str(),
        entry.effect_ref,
        entry.credits.0,
        micros(entry.created_at)
    )
    .execute(connection)
    .await?;
    Ok(())
}
