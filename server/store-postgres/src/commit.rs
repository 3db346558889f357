//! Writes a change in one statement: one round trip and one commit, with no lock held in between.
//!
//! Everything depends on the purchase's update: if the purchase has another version than the change, the update returns
//! no row, and nothing else is written either. The ledger's trigger locks the tenant's row and numbers the entries
//! (`migrations/postgres/0003_fewer_round_trips.sql`). All transactions lock the purchase first and then the tenant, so
//! there are no deadlocks.

use billing::{
    event::ClosedEvent,
    ledger::NewEntry,
    store::{Change, Committed, StoreError},
};

use crate::{
    PostgresStore,
    portable::{
        row::{json, micros, without_nul},
        store_error,
    },
};

impl PostgresStore {
    /// Writes a change in one transaction.
    pub(crate) async fn write(&self, change: &Change) -> Result<Committed, StoreError> {
        let Change { purchase, entries, event, confirms } = change;
        let checkout = purchase.checkout.as_ref();
        let failure = purchase.state.failure();
        let column = |value: fn(&NewEntry) -> String| entries.iter().map(value).collect::<Vec<_>>();
        let outcome = event.as_ref().map(|ClosedEvent { outcome, .. }| outcome);
        let arriving = event.as_ref().and_then(|ClosedEvent { arriving, .. }| arriving.as_ref());
        let incoming = arriving.map(|event| &event.incoming);
        let about = outcome.and_then(|outcome| outcome.purchase);
        let written = sqlx::query_scalar!(
            r#"WITH changed AS (
                UPDATE purchases SET provider_ref = $4, checkout_url = $5, payment_ref = $6, status = $7,
                    failure_reason = $8, updated_at = $9, paid_at = $10, failed_at = $11, refunded_at = $12,
                    reversals_json = $13, version = version + 1
                WHERE tenant_id = $1 AND id = $2 AND version = $3
                RETURNING tenant_id, id
            ), booked AS (
                INSERT INTO ledger_entries (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at)
                SELECT entry.id, tenant, purchase, entry.kind, entry.effect_ref, entry.credits, entry.created_at
                FROM changed, unnest($14::TEXT[], $15::TEXT[], $16::TEXT[], $17::TEXT[], $18::TEXT[], $19::BIGINT[],
                        $20::BIGINT[]) WITH ORDINALITY
                    AS entry (id, tenant, purchase, kind, effect_ref, credits, created_at, place)
                ORDER BY entry.place
            ), arrived AS (
                INSERT INTO payment_events (id, provider, provider_event_id, event_type, api_version, livemode, payload,
                    received_at, status, note, finished_at, attempts, next_attempt_at, tenant_id, purchase_id)
                SELECT $21::TEXT, 'STRIPE', $22::TEXT, $23::TEXT, $24::TEXT, $25::BOOLEAN, $26::BYTEA, $27::BIGINT,
                    $28::TEXT, $29::TEXT, $30::BIGINT, 1, $27::BIGINT, $32::TEXT, $33::TEXT
                FROM changed WHERE $22::TEXT IS NOT NULL
                ON CONFLICT (provider, provider_event_id) DO UPDATE
                    SET status = excluded.status, note = excluded.note, finished_at = excluded.finished_at,
                        tenant_id = COALESCE(excluded.tenant_id, payment_events.tenant_id),
                        purchase_id = COALESCE(excluded.purchase_id, payment_events.purchase_id)
                    WHERE payment_events.status <> 'APPLIED'
            ), closed AS (
                UPDATE payment_events SET status = $28, note = $29, finished_at = $30,
                    tenant_id = COALESCE($32, payment_events.tenant_id),
                    purchase_id = COALESCE($33, payment_events.purchase_id)
                FROM changed
                WHERE $22::TEXT IS NULL AND payment_events.id = $21 AND payment_events.status <> 'APPLIED'
            ), owed AS (
                INSERT INTO mails (kind, subject_id, tenant_id, created_at, next_attempt_at)
                SELECT 'CONFIRMATION', id, tenant_id, $9, $9 FROM changed WHERE $31::BOOLEAN
            )
            SELECT count(*) AS "count!" FROM changed"#,
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
            json(&purchase.reversals)?,
            &column(|entry| entry.id.to_string()),
            &column(|entry| entry.tenant_id.to_string()),
            &column(|entry| entry.purchase_id.to_string()),
            &column(|entry| entry.kind.as_str().to_owned()),
            &column(|entry| entry.effect_ref.clone()),
            &entries.iter().map(|entry| entry.credits.0).collect::<Vec<_>>(),
            &entries.iter().map(|entry| micros(entry.created_at)).collect::<Vec<_>>(),
            outcome.map(|outcome| outcome.id.to_string()),
            incoming.map(|incoming| without_nul(&incoming.provider_event_id)),
            incoming.map(|incoming| without_nul(&incoming.event_type)),
            incoming.and_then(|incoming| incoming.api_version.as_deref()).map(without_nul),
            incoming.map(|incoming| incoming.livemode),
            incoming.map(|incoming| incoming.payload.as_slice()),
            arriving.map(|event| micros(event.received_at)),
            outcome.map(|outcome| outcome.status.as_str()),
            outcome.map(|outcome| without_nul(&outcome.note)),
            outcome.map(|outcome| micros(outcome.at)),
            *confirms,
            about.map(|(tenant, _)| tenant.to_string()),
            about.map(|(_, purchase)| purchase.to_string())
        )
        .fetch_one(&self.pool)
        .await
        .map_err(store_error)?;
        Ok(if written == 1 { Committed::Yes } else { Committed::Stale })
    }
}
