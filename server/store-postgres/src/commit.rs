//! Writes a change in one statement: one round trip and one commit, with no lock held in between.
//!
//! Everything depends on the purchase's update: if the purchase has another version than the change, the update returns
//! no row, and nothing else is written either. The ledger's trigger locks the tenant's row and numbers the entries
//! (`migrations/postgres/0003_fewer_round_trips.sql`). All transactions lock the purchase first and then the tenant, so
//! there are no deadlocks.

mod columns;

use billing::{
    ledger::NewEntry,
    money::Credits,
    outgoing_webhook::{WebhookEvent, owed_by_entry},
    store::{Change, Committed, StoreError},
};

use self::columns::{ClosedEventRow, EntryColumns, MailColumns};
use crate::{
    PostgresStore,
    portable::{
        change_rows::{ChangedPurchaseRow, NewEntryRow},
        mails::NewMailRow,
        store_error,
    },
};

/// The webhook events that entries owe, each with its entry's id; and for each entry that takes credits the one that it
/// owes if it takes the balance below the tenant's threshold, which the statement decides once the ledger is locked.
fn webhook_candidates(entries: &[NewEntry]) -> impl Iterator<Item = (WebhookEvent, String)> {
    entries.iter().flat_map(|entry| {
        let low = (entry.credits < Credits(0)).then(|| WebhookEvent::low_balance(entry));
        owed_by_entry(entry).into_iter().chain(low).map(|event| (event, entry.id.to_string()))
    })
}

impl PostgresStore {
    /// Writes a change in one transaction.
    #[expect(clippy::too_many_lines, reason = "it is one statement, with a line for each parameter")]
    pub(crate) async fn write(&self, change: &Change) -> Result<Committed, StoreError> {
        let purchase = ChangedPurchaseRow::try_from(&change.purchase)?;
        let entries: EntryColumns = change.entries.iter().map(NewEntryRow::from).collect();
        let event = change.event.as_ref().map(ClosedEventRow::from).unwrap_or_default();
        let mails: MailColumns = change.outbox.iter().map(NewMailRow::from).collect();
        let (webhooks, webhook_entries): (Vec<_>, Vec<_>) = webhook_candidates(&change.entries).unzip();
        let written = sqlx::query_scalar!(
            r#"WITH changed AS (
                UPDATE purchases SET provider_ref = $4, checkout_url = $5, payment_ref = $6, status = $7,
                    failure_reason = $8, updated_at = $9, paid_at = $10, failed_at = $11, refunded_at = $12,
                    reversals_json = $13, version = version + 1
                WHERE tenant_id = $1 AND id = $2 AND version = $3
                RETURNING tenant_id
            ), booked AS (
                INSERT INTO ledger_entries (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at)
                SELECT entry.id, entry.tenant_id, purchase_id, kind, effect_ref, credits, created_at
                FROM changed, unnest($14::TEXT[], $15::TEXT[], $16::TEXT[], $17::TEXT[], $18::TEXT[], $19::BIGINT[],
                        $20::BIGINT[]) WITH ORDINALITY
                    AS entry (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at, place)
                ORDER BY place
                RETURNING id, tenant_id, credits, balance_after, created_at
            ), owed AS (
                SELECT webhook.id, booked.tenant_id, webhook.type, booked.id AS entry_id, booked.created_at,
                    endpoint.id AS endpoint_id
                FROM booked
                JOIN unnest($38::TEXT[], $39::TEXT[], $40::TEXT[]) AS webhook (id, type, entry_id)
                    ON webhook.entry_id = booked.id
                LEFT JOIN platform_tenants AS platform ON platform.tenant_id = booked.tenant_id
                JOIN webhook_endpoints AS endpoint ON endpoint.disabled_at IS NULL
                    AND (endpoint.event_types IS NULL OR ' ' || endpoint.event_types || ' ' LIKE '% ' || webhook.type || ' %')
                WHERE webhook.type <> 'balance.low' OR (booked.balance_after < platform.low_balance
                    AND booked.balance_after - booked.credits >= platform.low_balance)
            ), told AS (
                INSERT INTO webhook_events (id, tenant_id, type, entry_id, created_at)
                SELECT DISTINCT id, tenant_id, type, entry_id, created_at FROM owed
            ), delivered AS (
                INSERT INTO webhook_deliveries (event_id, endpoint_id, created_at, next_attempt_at)
                SELECT id, endpoint_id, created_at, created_at FROM owed
            ), event AS (
                SELECT $21::TEXT AS id, $22::TEXT AS status, $23::TEXT AS note, $24::BIGINT AS finished_at,
                    $25::TEXT AS tenant_id, $26::TEXT AS purchase_id, $27::TEXT AS provider_event_id,
                    $28::TEXT AS event_type, $29::TEXT AS api_version, $30::BOOLEAN AS livemode, $31::BYTEA AS payload,
                    $32::BIGINT AS received_at
                FROM changed
            ), arrived AS (
                INSERT INTO payment_events (id, provider, provider_event_id, event_type, api_version, livemode, payload,
                    received_at, status, note, finished_at, attempts, next_attempt_at, tenant_id, purchase_id)
                SELECT id, 'STRIPE', provider_event_id, event_type, api_version, livemode, payload,
                    received_at, status, note, finished_at, 1, received_at, tenant_id, purchase_id
                FROM event WHERE provider_event_id IS NOT NULL
                ON CONFLICT (provider, provider_event_id) DO UPDATE
                    SET status = excluded.status, note = excluded.note, finished_at = excluded.finished_at,
                        tenant_id = COALESCE(excluded.tenant_id, payment_events.tenant_id),
                        purchase_id = COALESCE(excluded.purchase_id, payment_events.purchase_id)
                    WHERE payment_events.status <> 'APPLIED'
            ), closed AS (
                UPDATE payment_events SET status = event.status, note = event.note, finished_at = event.finished_at,
                    tenant_id = COALESCE(event.tenant_id, payment_events.tenant_id),
                    purchase_id = COALESCE(event.purchase_id, payment_events.purchase_id)
                FROM event
                WHERE event.provider_event_id IS NULL AND payment_events.id = event.id
                    AND payment_events.status <> 'APPLIED'
            ), enqueued AS (
                INSERT INTO mails (kind, subject_id, tenant_id, created_at, next_attempt_at)
                SELECT kind, subject_id, mail.tenant_id, created_at, next_attempt_at
                FROM changed, unnest($33::TEXT[], $34::TEXT[], $35::TEXT[], $36::BIGINT[], $37::BIGINT[])
                    AS mail (kind, subject_id, tenant_id, created_at, next_attempt_at)
            )
            SELECT count(*) AS "count!" FROM changed"#,
            purchase.tenant_id,
            purchase.id,
            purchase.version,
            purchase.provider_ref,
            purchase.checkout_url,
            purchase.payment_ref,
            purchase.status,
            purchase.failure_reason,
            purchase.updated_at,
            purchase.paid_at,
            purchase.failed_at,
            purchase.refunded_at,
            purchase.reversals_json,
            &entries.id,
            &entries.tenant_id,
            &entries.purchase_id,
            &entries.kind,
            &entries.effect_ref,
            &entries.credits,
            &entries.created_at,
            event.id,
            event.status,
            event.note,
            event.finished_at,
            event.tenant_id,
            event.purchase_id,
            event.provider_event_id,
            event.event_type,
            event.api_version,
            event.livemode,
            event.payload,
            event.received_at,
            &mails.kind,
            &mails.subject_id,
            &mails.tenant_id as &[Option<String>],
            &mails.created_at,
            &mails.next_attempt_at,
            &webhooks.iter().map(|event| event.id.to_string()).collect::<Vec<_>>(),
            &webhooks.iter().map(|event| event.event_type.as_str().to_owned()).collect::<Vec<_>>(),
            &webhook_entries
        )
        .fetch_one(&self.pool)
        .await
        .map_err(store_error)?;
        Ok(if written == 1 { Committed::Yes } else { Committed::Stale })
    }
}
