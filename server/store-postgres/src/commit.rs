//! Writes a group of changes in one statement: one round trip and one commit, with no lock held in between.
//!
//! Everything depends on a purchase's update: if the purchase has another version than its change, the update returns no
//! row of it, and nothing else of the change is written either. The ledger's trigger locks the tenant's row and numbers
//! the entries (`migrations/postgres/0003_fewer_round_trips.sql`). All transactions lock purchases first and then
//! tenants, each in the order of their ids; should the planner choose another order and a deadlock end a statement, its
//! changes are written one by one.

mod columns;
mod rounds;

use billing::store::{Change, Committed, StoreError};
use futures_util::future::join_all;

use self::{columns::Columns, rounds::rounds};
use crate::{error_codes, pool::Pool, portable::store_error};

/// The most groups that are written at the same time: while one commits, the next one is executed. A third would wait for
/// the locks of the first two where they share a tenant, and hold a connection meanwhile.
pub(crate) const GROUPS_MAX: usize = 2;

/// Writes changes.
#[derive(Clone)]
pub(crate) struct Writer(pub(crate) Pool);

/// Why a statement has written nothing.
enum Failure {
    /// Because of some of its changes.
    OfItsRows(StoreError),
    /// The database does not work.
    OfAll(StoreError),
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let (Failure::OfItsRows(error) | Failure::OfAll(error)) = failure;
        error
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(of) if error_codes::is_of_its_rows(of.as_ref()) => {
                Self::OfItsRows(store_error(error))
            }
            _ => Self::OfAll(store_error(error)),
        }
    }
}

impl Writer {
    /// Writes changes, and gives an outcome for each of them, in their order.
    pub(crate) async fn write(&self, changes: &[Change]) -> Vec<Result<Committed, StoreError>> {
        let mut outcomes = Vec::with_capacity(changes.len());
        for statements in rounds(changes) {
            let written = statements.iter().map(async |places| {
                let part: Vec<_> = places.iter().map(|place| &changes[*place]).collect();
                self.write_part(&part).await
            });
            for (places, part) in statements.iter().zip(join_all(written).await) {
                outcomes.extend(places.iter().copied().zip(part));
            }
        }
        outcomes.sort_by_key(|(place, _)| *place);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Writes changes by one statement; or each by itself if that is refused, so that none harms another.
    async fn write_part(&self, changes: &[&Change]) -> Vec<Result<Committed, StoreError>> {
        match self.write_together(changes).await {
            Ok(committed) => committed.into_iter().map(Ok).collect(),
            Err(Failure::OfItsRows(_)) if changes.len() > 1 => {
                join_all(changes.iter().map(async |change| {
                    let committed = self.write_together(&[*change]).await?;
                    Ok(committed[0])
                }))
                .await
            }
            Err(failure) => {
                let error = StoreError::from(failure);
                changes.iter().map(|_| Err(error.clone())).collect()
            }
        }
    }

    /// Writes changes of different purchases and events by one statement.
    #[expect(clippy::too_many_lines, reason = "it is one statement, with a line for each parameter")]
    async fn write_together(&self, changes: &[&Change]) -> Result<Vec<Committed>, Failure> {
        let Columns { purchases, events, entries, mails, webhooks } =
            Columns::of(changes).map_err(Failure::OfItsRows)?;
        // The planner takes the condition on the place for one that a single row fulfils. So it looks up each purchase by
        // its index, in the order of the places, even if it plans while the table is small.
        let written = sqlx::query_scalar!(
            r#"WITH change AS (
                SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::TEXT[], $6::TEXT[],
                        $7::TEXT[], $8::TEXT[], $9::BIGINT[], $10::BIGINT[], $11::BIGINT[], $12::BIGINT[], $13::TEXT[],
                        $14::TEXT[], $15::TEXT[], $16::TEXT[], $17::BIGINT[], $18::TEXT[], $19::TEXT[], $20::TEXT[],
                        $21::TEXT[], $22::TEXT[], $23::BOOLEAN[], $24::BYTEA[], $25::BIGINT[]) WITH ORDINALITY
                    AS change (tenant_id, id, version, provider_ref, checkout_url, payment_ref, status, failure_reason,
                        updated_at, paid_at, failed_at, refunded_at, reversals_json, event_id, event_status, event_note,
                        event_finished_at, event_tenant_id, event_purchase_id, provider_event_id, event_type,
                        api_version, livemode, payload, received_at, place)
                WHERE place BETWEEN 1 AND 1000000
            ), changed AS (
                UPDATE purchases SET provider_ref = change.provider_ref, checkout_url = change.checkout_url,
                    payment_ref = change.payment_ref, status = change.status, failure_reason = change.failure_reason,
                    updated_at = change.updated_at, paid_at = change.paid_at, failed_at = change.failed_at,
                    refunded_at = change.refunded_at, reversals_json = change.reversals_json,
                    version = purchases.version + 1
                FROM change
                WHERE purchases.tenant_id = change.tenant_id AND purchases.id = change.id
                    AND purchases.version = change.version
                RETURNING change.place
            ), booked AS (
                INSERT INTO ledger_entries (id, tenant_id, purchase_id, kind, effect_ref, credits, created_at)
                SELECT entry.id, entry.tenant_id, purchase_id, kind, effect_ref, credits, created_at
                FROM changed JOIN unnest($26::BIGINT[], $27::TEXT[], $28::TEXT[], $29::TEXT[], $30::TEXT[], $31::TEXT[],
                        $32::BIGINT[], $33::BIGINT[]) WITH ORDINALITY
                    AS entry (place, id, tenant_id, purchase_id, kind, effect_ref, credits, created_at, number)
                    ON entry.place = changed.place
                ORDER BY number
                RETURNING id, tenant_id, credits, balance_after, created_at
            ), owed AS (
                SELECT webhook.id, booked.tenant_id, webhook.type, booked.id AS entry_id, booked.created_at,
                    endpoint.id AS endpoint_id
                FROM booked
                JOIN unnest($34::TEXT[], $35::TEXT[], $36::TEXT[]) AS webhook (id, type, entry_id)
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
                SELECT event_id AS id, event_status AS status, event_note AS note, event_finished_at AS finished_at,
                    event_tenant_id AS tenant_id, event_purchase_id AS purchase_id, provider_event_id, event_type,
                    api_version, livemode, payload, received_at
                FROM changed JOIN change ON change.place = changed.place
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
                FROM changed JOIN unnest($37::BIGINT[], $38::TEXT[], $39::TEXT[], $40::TEXT[], $41::BIGINT[], $42::BIGINT[])
                    AS mail (place, kind, subject_id, tenant_id, created_at, next_attempt_at)
                    ON mail.place = changed.place
            )
            SELECT place AS "place!" FROM changed"#,
            &purchases.tenant_id,
            &purchases.id,
            &purchases.version,
            &purchases.provider_ref as &[Option<&str>],
            &purchases.checkout_url as &[Option<&str>],
            &purchases.payment_ref as &[Option<&str>],
            &purchases.status as &[&str],
            &purchases.failure_reason as &[Option<&str>],
            &purchases.updated_at,
            &purchases.paid_at as &[Option<i64>],
            &purchases.failed_at as &[Option<i64>],
            &purchases.refunded_at as &[Option<i64>],
            &purchases.reversals_json,
            &events.id as &[Option<String>],
            &events.status as &[Option<&str>],
            &events.note as &[Option<String>],
            &events.finished_at as &[Option<i64>],
            &events.tenant_id as &[Option<String>],
            &events.purchase_id as &[Option<String>],
            &events.provider_event_id as &[Option<String>],
            &events.event_type as &[Option<String>],
            &events.api_version as &[Option<String>],
            &events.livemode as &[Option<bool>],
            &events.payload as &[Option<&[u8]>],
            &events.received_at as &[Option<i64>],
            &entries.place,
            &entries.id,
            &entries.tenant_id,
            &entries.purchase_id,
            &entries.kind as &[&str],
            &entries.effect_ref,
            &entries.credits,
            &entries.created_at,
            &webhooks.id,
            &webhooks.event_type as &[&str],
            &webhooks.entry_id,
            &mails.place,
            &mails.kind as &[&str],
            &mails.subject_id,
            &mails.tenant_id as &[Option<String>],
            &mails.created_at,
            &mails.next_attempt_at
        )
        .fetch_all(&self.0)
        .await?;
        let committed = |place| if written.contains(&place) { Committed::Yes } else { Committed::Stale };
        Ok(changes.iter().zip(1..).map(|(_, place)| committed(place)).collect())
    }
}
