//! The outbox.

use async_trait::async_trait;
use billing::{
    ids::TenantId,
    mail::{Mail, MailState, NewMail, Topic},
    store::{MailStore, StoreError},
};
use jiff::Timestamp;

use super::{
    row::{instant, micros, parse, without_nul},
    store_error,
};
use crate::{
    ThisStore,
    dialect::{self, Connection},
};

const CONFIRMATION: &str = "CONFIRMATION";
const WITHDRAWAL: &str = "WITHDRAWAL";
const WEBHOOK_ENDPOINT: &str = "WEBHOOK_ENDPOINT";

struct MailRow {
    kind: String,
    subject_id: String,
    tenant_id: Option<String>,
    created_at: i64,
    attempts: i64,
    next_attempt_at: Option<i64>,
    sent_at: Option<i64>,
    first_sent_at: Option<i64>,
    copies: i64,
    note: String,
}

impl TryFrom<MailRow> for Mail {
    type Error = StoreError;

    fn try_from(row: MailRow) -> Result<Self, StoreError> {
        let topic = match (row.kind.as_str(), &row.tenant_id) {
            (CONFIRMATION, Some(tenant)) => {
                Topic::Confirmation(parse("tenant_id", tenant)?, parse("subject_id", &row.subject_id)?)
            }
            (WITHDRAWAL, None) => Topic::Withdrawal(parse("subject_id", &row.subject_id)?),
            (WEBHOOK_ENDPOINT, None) => Topic::WebhookEndpoint(parse("subject_id", &row.subject_id)?),
            _ => return Err(StoreError::Corrupt(format!("a mail of kind {}", row.kind))),
        };
        let state = match (row.next_attempt_at, row.sent_at) {
            (Some(at), _) => MailState::Due(instant(at)?),
            (None, Some(at)) => MailState::Sent(instant(at)?),
            (None, None) => MailState::GivenUp,
        };
        let attempts = u32::try_from(row.attempts).unwrap_or(u32::MAX);
        // first_sent_at is written only when a further copy is requested.
        let first_sent_at = row.first_sent_at.or(row.sent_at).map(instant).transpose()?;
        let copies = u32::try_from(row.copies).unwrap_or(u32::MAX);
        Ok(Self { topic, created_at: instant(row.created_at)?, attempts, state, first_sent_at, copies, note: row.note })
    }
}

/// Kind and subject: the primary key.
pub(super) fn key(topic: Topic) -> (&'static str, String) {
    match topic {
        Topic::Confirmation(_, purchase) => (CONFIRMATION, purchase.to_string()),
        Topic::Withdrawal(withdrawal) => (WITHDRAWAL, withdrawal.to_string()),
        Topic::WebhookEndpoint(endpoint) => (WEBHOOK_ENDPOINT, endpoint.to_string()),
    }
}

/// The tenant whose purchase a mail is about. A withdrawal may name no purchase, so its mail has none; an endpoint has no
/// tenant.
pub(super) fn tenant(topic: Topic) -> Option<TenantId> {
    match topic {
        Topic::Confirmation(tenant, _) => Some(tenant),
        Topic::Withdrawal(_) | Topic::WebhookEndpoint(_) => None,
    }
}

/// The columns of a mail that is read.
macro_rules! mail_columns {
    ($before:literal $(+ $more:literal)*, $after:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            MailRow,
            $before + $($more +)* r#" kind AS "kind!", subject_id AS "subject_id!", tenant_id, created_at AS "created_at!",
                attempts AS "attempts!", next_attempt_at, sent_at, first_sent_at, copies AS "copies!",
                note AS "note!" "# + $after,
            $($argument),*
        )
    };
}

/// The mails to be sent next, without those that another process has locked; see `claim_events`. `WITHDRAWAL` sorts
/// after `WEBHOOK_ENDPOINT`, and that after `CONFIRMATION`.
macro_rules! claim_mails {
    ($lock:literal, $now:expr, $leased_until:expr, $limit:expr) => {
        mail_columns!(
            "WITH due AS (
                SELECT kind, subject_id FROM mails WHERE next_attempt_at <= $1
                ORDER BY kind DESC, next_attempt_at LIMIT $3 "
                + $lock
                + ")
            UPDATE mails SET attempts = attempts + 1, next_attempt_at = $2, leased_until = $2
            WHERE (kind, subject_id) IN (SELECT kind, subject_id FROM due)
            RETURNING",
            "",
            $now,
            $leased_until,
            $limit
        )
    };
}

/// The columns of a new mail.
pub(crate) struct NewMailRow {
    pub(crate) kind: &'static str,
    pub(crate) subject_id: String,
    pub(crate) tenant_id: Option<String>,
    pub(crate) created_at: i64,
    pub(crate) next_attempt_at: i64,
}

impl From<&NewMail> for NewMailRow {
    fn from(mail: &NewMail) -> Self {
        let (kind, subject_id) = key(mail.topic);
        Self {
            kind,
            subject_id,
            tenant_id: tenant(mail.topic).map(|tenant| tenant.to_string()),
            created_at: micros(mail.created_at),
            next_attempt_at: micros(mail.due_at),
        }
    }
}

/// Puts a mail into the outbox.
pub(crate) async fn enqueue(connection: &mut Connection, mail: &NewMail) -> Result<(), sqlx::Error> {
    let row = NewMailRow::from(mail);
    sqlx::query!(
        "INSERT INTO mails (kind, subject_id, tenant_id, created_at, next_attempt_at) VALUES ($1, $2, $3, $4, $5)",
        row.kind,
        row.subject_id,
        row.tenant_id,
        row.created_at,
        row.next_attempt_at
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a mail into the outbox, due at once; where there is one on the topic, another copy of it.
pub(crate) async fn enqueue_again(connection: &mut Connection, topic: Topic, at: Timestamp) -> Result<(), sqlx::Error> {
    let (kind, subject) = key(topic);
    let due = sqlx::query!(
        "UPDATE mails SET next_attempt_at = $3, leased_until = NULL, sent_at = NULL,
            first_sent_at = COALESCE(first_sent_at, sent_at),
            copies = copies + CASE WHEN sent_at IS NULL THEN 0 ELSE 1 END
        WHERE kind = $1 AND subject_id = $2",
        kind,
        subject,
        micros(at)
    )
    .execute(&mut *connection)
    .await?;
    if due.rows_affected() > 0 {
        return Ok(());
    }
    enqueue(connection, &NewMail::due_at_once(topic, at)).await
}

#[async_trait]
impl MailStore for ThisStore {
    async fn claim_mails(&self, now: Timestamp, leased_until: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        let rows = dialect::claim!(claim_mails, micros(now), micros(leased_until), i64::from(limit))
            .fetch_all(self.writer())
            .await
            .map_err(store_error)?;
        rows.into_iter().map(Mail::try_from).collect()
    }

    async fn mail_sent(&self, topic: Topic, at: Timestamp) -> Result<(), StoreError> {
        let (kind, subject) = key(topic);
        sqlx::query!(
            "UPDATE mails SET sent_at = $3, next_attempt_at = NULL, leased_until = NULL, note = ''
            WHERE kind = $1 AND subject_id = $2 AND sent_at IS NULL",
            kind,
            subject,
            micros(at)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn put_off_mail(&self, topic: Topic, until: Option<Timestamp>, note: &str) -> Result<(), StoreError> {
        let (kind, subject) = key(topic);
        sqlx::query!(
            "UPDATE mails SET next_attempt_at = $3, leased_until = NULL, note = $4
            WHERE kind = $1 AND subject_id = $2 AND sent_at IS NULL",
            kind,
            subject,
            until.map(micros),
            without_nul(note)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn mail(&self, topic: Topic) -> Result<Option<Mail>, StoreError> {
        let (kind, subject) = key(topic);
        let row = mail_columns!("SELECT", "FROM mails WHERE kind = $1 AND subject_id = $2", kind, subject)
            .fetch_optional(self.reader())
            .await
            .map_err(store_error)?;
        row.map(Mail::try_from).transpose()
    }

    async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, StoreError> {
        let rows = mail_columns!(
            "SELECT",
            "FROM mails WHERE NOT CAST($1 AS BOOLEAN) OR sent_at IS NULL ORDER BY created_at DESC LIMIT $2",
            unsent,
            i64::from(limit)
        )
        .fetch_all(self.reader())
        .await
        .map_err(store_error)?;
        rows.into_iter().map(Mail::try_from).collect()
    }

    /// By the primary keys of the purchases and of the mails.
    async fn tenant_mails(&self, tenant: TenantId, limit: u32) -> Result<Vec<Mail>, StoreError> {
        let rows = mail_columns!(
            "SELECT",
            "FROM mails WHERE (kind, subject_id) IN
                (SELECT 'CONFIRMATION', id FROM purchases WHERE tenant_id = $1
                UNION ALL SELECT 'WITHDRAWAL', id FROM withdrawals WHERE tenant_id = $1)
            ORDER BY created_at DESC LIMIT $2",
            tenant.to_string(),
            i64::from(limit)
        )
        .fetch_all(self.reader())
        .await
        .map_err(store_error)?;
        rows.into_iter().map(Mail::try_from).collect()
    }

    async fn retry_mails(&self, now: Timestamp) -> Result<u64, StoreError> {
        let retried = sqlx::query!(
            "UPDATE mails SET next_attempt_at = $1, leased_until = NULL
            WHERE sent_at IS NULL AND (leased_until IS NULL OR leased_until <= $1)",
            micros(now)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(retried.rows_affected())
    }

    async fn resend_mail(&self, topic: Topic, now: Timestamp) -> Result<bool, StoreError> {
        let (kind, subject) = key(topic);
        let due = sqlx::query!(
            "UPDATE mails SET next_attempt_at = $3, leased_until = NULL, sent_at = NULL,
                first_sent_at = COALESCE(first_sent_at, sent_at),
                copies = copies + CASE WHEN sent_at IS NULL THEN 0 ELSE 1 END
            WHERE kind = $1 AND subject_id = $2 AND (leased_until IS NULL OR leased_until <= $3)",
            kind,
            subject,
            micros(now)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(due.rows_affected() == 1)
    }
}
