//! Webhooks out.

use async_trait::async_trait;
use billing::{
    ids::{WebhookEndpointId, WebhookEventId},
    mail::Topic,
    outgoing_webhook::{
        Attempt, ClaimedDelivery, Delivery, EventContext, EventSource, EventSubject, SigningSecret, WebhookEndpoint,
        WebhookEvent,
    },
    store::{StoreError, WalletStore, WebhookStore},
    tenant::ExternalId,
    wallet::Reference,
};
use jiff::Timestamp;

use super::{
    mails,
    row::{EntryRow, instant, json, micros, without_nul},
    store_error,
    wallet_rows::rows,
    webhook_rows::{DeliveryRow, EndpointRow, EventRow, type_names},
};
use crate::{ThisStore, dialect::Connection, webhook_dialect};

macro_rules! select_endpoints {
    ($rest:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            EndpointRow,
            r#"SELECT id AS "id!", url AS "url!", secrets_json AS "secrets_json!", event_types,
                created_at AS "created_at!", failing_since, disabled_at, disabled_note AS "disabled_note!"
            FROM webhook_endpoints WHERE removed_at IS NULL "# + $rest
            $(, $argument)*
        )
    };
}

/// Writes events with their deliveries, as far as an enabled endpoint wants them.
pub(crate) async fn owe(
    connection: &mut Connection,
    events: impl IntoIterator<Item = WebhookEvent>,
) -> Result<(), StoreError> {
    let events: Vec<_> = events.into_iter().map(|event| EventRow::new(&event)).collect();
    match rows(&events)? {
        Some(events) => webhook_dialect::insert_events(connection, &events).await.map_err(store_error),
        None => Ok(()),
    }
}

#[async_trait]
impl WebhookStore for ThisStore {
    async fn insert_webhook_endpoint(&self, endpoint: &WebhookEndpoint) -> Result<(), StoreError> {
        sqlx::query!(
            "INSERT INTO webhook_endpoints (id, url, secrets_json, event_types, created_at) VALUES ($1, $2, $3, $4, $5)",
            endpoint.id.to_string(),
            endpoint.url,
            json(&endpoint.secrets)?,
            endpoint.event_types.as_ref().map(type_names),
            micros(endpoint.created_at)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn webhook_endpoints(&self) -> Result<Vec<WebhookEndpoint>, StoreError> {
        let rows = select_endpoints!("ORDER BY id").fetch_all(self.reader()).await.map_err(store_error)?;
        rows.into_iter().map(WebhookEndpoint::try_from).collect()
    }

    async fn webhook_endpoint(&self, id: WebhookEndpointId) -> Result<Option<WebhookEndpoint>, StoreError> {
        let row = select_endpoints!("AND id = $1", id.to_string()).fetch_optional(self.reader()).await;
        row.map_err(store_error)?.map(WebhookEndpoint::try_from).transpose()
    }

    async fn set_webhook_secrets(
        &self,
        id: WebhookEndpointId,
        before: &[SigningSecret],
        after: &[SigningSecret],
    ) -> Result<bool, StoreError> {
        let written = sqlx::query!(
            "UPDATE webhook_endpoints SET secrets_json = $3
            WHERE id = $1 AND secrets_json = $2 AND removed_at IS NULL",
            id.to_string(),
            json(&before)?,
            json(&after)?
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(written.rows_affected() == 1)
    }

    async fn disable_webhook_endpoint(
        &self,
        id: WebhookEndpointId,
        at: Timestamp,
        note: &str,
        mail: bool,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let disabled = sqlx::query!(
            "UPDATE webhook_endpoints SET disabled_at = $2, disabled_note = $3 WHERE id = $1 AND disabled_at IS NULL",
            id.to_string(),
            micros(at),
            without_nul(note)
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        if disabled.rows_affected() == 0 {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(false);
        }
        sqlx::query!(
            "UPDATE webhook_deliveries SET next_attempt_at = NULL, leased_until = NULL
            WHERE endpoint_id = $1 AND next_attempt_at IS NOT NULL",
            id.to_string()
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        if mail {
            let topic = Topic::WebhookEndpoint(id);
            mails::enqueue_again(&mut transaction, topic, at).await.map_err(store_error)?;
        }
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn enable_webhook_endpoint(&self, id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let enabled = sqlx::query!(
            "UPDATE webhook_endpoints SET disabled_at = NULL, disabled_note = '', failing_since = NULL
            WHERE id = $1 AND disabled_at IS NOT NULL AND removed_at IS NULL",
            id.to_string()
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        if enabled.rows_affected() == 0 {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(false);
        }
        sqlx::query!(
            "UPDATE webhook_deliveries SET next_attempt_at = $2, attempts = 0
            WHERE endpoint_id = $1 AND next_attempt_at IS NULL AND delivered_at IS NULL AND given_up_at IS NULL",
            id.to_string(),
            micros(at)
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn remove_webhook_endpoint(&self, id: WebhookEndpointId, at: Timestamp) -> Result<bool, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let removed = sqlx::query!(
            "UPDATE webhook_endpoints SET removed_at = $2, disabled_at = COALESCE(disabled_at, $2), secrets_json = '[]'
            WHERE id = $1 AND removed_at IS NULL",
            id.to_string(),
            micros(at)
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        if removed.rows_affected() == 0 {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(false);
        }
        sqlx::query!(
            "UPDATE webhook_deliveries SET next_attempt_at = NULL, leased_until = NULL, given_up_at = $2
            WHERE endpoint_id = $1 AND delivered_at IS NULL AND given_up_at IS NULL",
            id.to_string(),
            micros(at)
        )
        .execute(&mut *transaction)
        .await
        .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(true)
    }

    async fn webhook_endpoints_due(&self, now: Timestamp) -> Result<Vec<WebhookEndpoint>, StoreError> {
        let rows = select_endpoints!(
            "AND disabled_at IS NULL AND EXISTS (SELECT 1 FROM webhook_deliveries
                WHERE endpoint_id = webhook_endpoints.id AND next_attempt_at <= $1) ORDER BY id",
            micros(now)
        )
        .fetch_all(self.reader())
        .await
        .map_err(store_error)?;
        rows.into_iter().map(WebhookEndpoint::try_from).collect()
    }

    async fn claim_deliveries(
        &self,
        endpoint: WebhookEndpointId,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let (id, now, leased_until) = (endpoint.to_string(), micros(now), micros(leased_until));
        let rows = webhook_dialect::claim(self.writer(), &id, now, leased_until, i64::from(limit)).await;
        rows.map_err(store_error)?.into_iter().map(|row| row.claimed(endpoint)).collect()
    }

    async fn webhook_context(&self, event: &WebhookEvent, now: Timestamp) -> Result<EventContext, StoreError> {
        let tenant = event.tenant_id;
        let gone = || StoreError::Corrupt(format!("webhook event {} is about nothing", event.id));
        let source = match event.subject {
            EventSubject::Hold(id) => EventSource::Hold(self.hold(tenant, id).await?.ok_or_else(gone)?),
            EventSubject::Entry(_) => self.entry_source(event).await?.ok_or_else(gone)?,
        };
        let named = sqlx::query_scalar!(
            r#"SELECT external_id AS "external_id!" FROM platform_tenants WHERE tenant_id = $1"#,
            tenant.to_string()
        )
        .fetch_optional(self.reader())
        .await
        .map_err(store_error)?;
        let external_id = named.map(ExternalId::try_from).transpose();
        Ok(EventContext {
            external_id: external_id.map_err(|_| StoreError::Corrupt("column external_id".to_owned()))?,
            funds: self.funds(tenant, now).await?,
            source,
        })
    }

    async fn keep_webhook_payload(&self, event: WebhookEventId, payload: &str) -> Result<String, StoreError> {
        sqlx::query_scalar!(
            r#"UPDATE webhook_events SET payload_json = COALESCE(payload_json, $2) WHERE id = $1
            RETURNING payload_json AS "payload_json!""#,
            event.to_string(),
            payload
        )
        .fetch_one(self.writer())
        .await
        .map_err(store_error)
    }

    /// The endpoint's row is written only where it says that the endpoint fails.
    async fn delivery_succeeded(
        &self,
        event: WebhookEventId,
        endpoint: WebhookEndpointId,
        status: u16,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE webhook_deliveries SET delivered_at = $3, last_status = $4, next_attempt_at = NULL,
                given_up_at = NULL, leased_until = NULL, note = ''
            WHERE event_id = $1 AND endpoint_id = $2 AND delivered_at IS NULL",
            event.to_string(),
            endpoint.to_string(),
            micros(at),
            i64::from(status)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        sqlx::query!(
            "UPDATE webhook_endpoints SET failing_since = NULL
            WHERE id = $1 AND failing_since IS NOT NULL AND removed_at IS NULL",
            endpoint.to_string()
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn delivery_failed(
        &self,
        claimed: &ClaimedDelivery,
        attempt: &Attempt,
        at: Timestamp,
        next: Option<Timestamp>,
    ) -> Result<Timestamp, StoreError> {
        sqlx::query!(
            "UPDATE webhook_deliveries SET next_attempt_at = $4, leased_until = NULL, last_status = $6, note = $7,
                given_up_at = CASE WHEN CAST($4 AS BIGINT) IS NULL THEN CAST($5 AS BIGINT) END
            WHERE event_id = $1 AND endpoint_id = $2 AND attempts = $3 AND next_attempt_at IS NOT NULL",
            claimed.event.id.to_string(),
            claimed.endpoint_id.to_string(),
            i64::from(claimed.attempts),
            next.map(micros),
            micros(at),
            attempt.status.map(i64::from),
            without_nul(&attempt.note)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        let failing_since = sqlx::query_scalar!(
            r#"UPDATE webhook_endpoints SET failing_since = COALESCE(failing_since, $2)
            WHERE id = $1 AND removed_at IS NULL RETURNING failing_since AS "failing_since!""#,
            claimed.endpoint_id.to_string(),
            micros(at)
        )
        .fetch_optional(self.writer())
        .await
        .map_err(store_error)?;
        failing_since.map_or(Ok(at), instant)
    }

    async fn deliveries(&self, failed: bool, limit: u32) -> Result<Vec<Delivery>, StoreError> {
        let rows = sqlx::query_as!(
            DeliveryRow,
            r#"SELECT delivery.event_id AS "event_id!", delivery.endpoint_id AS "endpoint_id!",
                event.tenant_id AS "tenant_id!", event.type AS "event_type!", event.entry_id, event.hold_id,
                event.created_at AS "created_at!", delivery.attempts AS "attempts!", delivery.next_attempt_at,
                delivery.delivered_at, delivery.given_up_at, delivery.last_status, delivery.note AS "note!"
            FROM webhook_deliveries AS delivery JOIN webhook_events AS event ON event.id = delivery.event_id
            WHERE NOT CAST($1 AS BOOLEAN) OR delivery.note <> ''
            ORDER BY delivery.event_id DESC, delivery.endpoint_id DESC LIMIT $2"#,
            failed,
            i64::from(limit)
        )
        .fetch_all(self.reader())
        .await
        .map_err(store_error)?;
        rows.into_iter().map(Delivery::try_from).collect()
    }

    async fn replay_deliveries(
        &self,
        event: WebhookEventId,
        endpoint: Option<WebhookEndpointId>,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let replayed = sqlx::query!(
            "UPDATE webhook_deliveries SET next_attempt_at = $3, leased_until = NULL, delivered_at = NULL,
                given_up_at = NULL, attempts = 0
            WHERE event_id = $1 AND endpoint_id = COALESCE(CAST($2 AS TEXT), endpoint_id)
                AND (leased_until IS NULL OR leased_until <= $3)
                AND endpoint_id IN (SELECT id FROM webhook_endpoints WHERE disabled_at IS NULL)",
            event.to_string(),
            endpoint.map(|id| id.to_string()),
            micros(now)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(replayed.rows_affected())
    }
}

impl ThisStore {
    async fn entry_source(&self, event: &WebhookEvent) -> Result<Option<EventSource>, StoreError> {
        let EventSubject::Entry(id) = event.subject else { return Ok(None) };
        let row = sqlx::query!(
            r#"SELECT entry.id AS "id!", entry.purchase_id, entry.spend_id, entry.grant_id, entry.seq AS "seq!",
                entry.kind AS "kind!", entry.effect_ref AS "effect_ref!", entry.credits AS "credits!",
                entry.balance_after AS "balance_after!", entry.created_at AS "created_at!",
                spends.reference AS "reference?", COALESCE(wallet_reversals.reason, grants.reason) AS "reason?"
            FROM ledger_entries AS entry
            LEFT JOIN spends ON spends.tenant_id = entry.tenant_id AND spends.id = entry.spend_id
            LEFT JOIN grants ON grants.tenant_id = entry.tenant_id AND grants.id = entry.grant_id
            LEFT JOIN wallet_reversals ON wallet_reversals.tenant_id = entry.tenant_id
                AND wallet_reversals.id = entry.effect_ref AND entry.kind IN ('SPEND_REVERSAL', 'GRANT_REVERSAL')
            WHERE entry.id = $1 AND entry.tenant_id = $2"#,
            id.to_string(),
            event.tenant_id.to_string()
        )
        .fetch_optional(self.reader())
        .await
        .map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        let entry = EntryRow {
            id: row.id,
            purchase_id: row.purchase_id,
            spend_id: row.spend_id,
            grant_id: row.grant_id,
            seq: row.seq,
            kind: row.kind,
            effect_ref: row.effect_ref,
            credits: row.credits,
            balance_after: row.balance_after,
            created_at: row.created_at,
        };
        let reference = row.reference.map(Reference::try_from).transpose();
        let reference = reference.map_err(|_| StoreError::Corrupt("column reference".to_owned()))?;
        Ok(Some(EventSource::Entry { entry: entry.entry(event.tenant_id)?, reference, reason: row.reason }))
    }
}
