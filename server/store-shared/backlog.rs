//! The pending work.

use billing::store::{Backlog, StoreError};

use super::{row::instant, store_error};
use crate::dialect::Pool;

/// One statement. Each part reads only an index on pending rows, or sorted by them, so that the number of finished rows
/// does not matter.
pub(super) async fn read(pool: &Pool) -> Result<Backlog, StoreError> {
    let row = sqlx::query!(
        r#"SELECT
            (SELECT COUNT(*) FROM payment_events WHERE status = 'RECEIVED') AS "events_received!: i64",
            (SELECT COUNT(*) FROM payment_events WHERE status = 'ATTENTION') AS "events_attention!: i64",
            (SELECT MIN(created_at) FROM purchases WHERE status = 'PENDING') AS "oldest_pending?: i64",
            (SELECT COUNT(*) FROM purchases WHERE paid_at IS NOT NULL AND receipt_number IS NULL)
                AS "receipts_due!: i64",
            (SELECT COUNT(*) FROM mails WHERE next_attempt_at IS NOT NULL) AS "mails_due!: i64",
            (SELECT MIN(created_at) FROM mails WHERE next_attempt_at IS NOT NULL) AS "oldest_mail?: i64",
            (SELECT COUNT(*) FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL) AS "webhooks_due!: i64",
            (SELECT MIN(created_at) FROM webhook_deliveries WHERE next_attempt_at IS NOT NULL)
                AS "oldest_webhook?: i64""#
    )
    .fetch_one(pool)
    .await
    .map_err(store_error)?;
    Ok(Backlog {
        events_received: count(row.events_received)?,
        events_attention: count(row.events_attention)?,
        oldest_pending: row.oldest_pending.map(instant).transpose()?,
        receipts_due: count(row.receipts_due)?,
        mails_due: count(row.mails_due)?,
        oldest_mail: row.oldest_mail.map(instant).transpose()?,
        webhooks_due: count(row.webhooks_due)?,
        oldest_webhook: row.oldest_webhook.map(instant).transpose()?,
    })
}

fn count(rows: i64) -> Result<u64, StoreError> {
    u64::try_from(rows).map_err(|_| StoreError::Corrupt(format!("a count of {rows}")))
}
