//! The port that keeps the outbox.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    ids::TenantId,
    mail::{Mail, Topic},
};

/// Keeps the outbox. Mails get into it by [`Store::commit`](super::Store::commit),
/// [`WithdrawalStore::insert_withdrawal`](super::WithdrawalStore::insert_withdrawal) and
/// [`WebhookStore::disable_webhook_endpoint`](super::WebhookStore::disable_webhook_endpoint).
#[async_trait]
pub trait MailStore: Send + Sync {
    /// Claims up to `limit` mails that are due at `now` until `leased_until`, and counts an attempt for each.
    /// Acknowledgements of withdrawal come first, because the law wants them sent without delay (§ 356a (4) BGB), and
    /// confirmations last. Within each kind, the mail that has been due the longest comes first.
    async fn claim_mails(&self, now: Timestamp, leased_until: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// Records that a mail was sent. If two processes sent the same copy, only the first call has an effect.
    async fn mail_sent(&self, topic: Topic, at: Timestamp) -> Result<(), StoreError>;

    /// Defers a mail that could not be sent, or gives it up. A mail that was sent stays sent.
    async fn put_off_mail(&self, topic: Topic, until: Option<Timestamp>, note: &str) -> Result<(), StoreError>;

    /// The mail on this topic, sent or not.
    async fn mail(&self, topic: Topic) -> Result<Option<Mail>, StoreError>;

    /// For the operator: the newest mails, or only the unsent ones.
    async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// For the operator: the newest mails about the tenant's purchases and their withdrawals.
    async fn tenant_mails(&self, tenant: TenantId, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// For the operator: makes every unsent mail due at `now`, also those given up, but none that is leased, because a
    /// process is sending it. Returns how many.
    async fn retry_mails(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// For the operator: makes one mail due at `now`, whether it is waiting, was given up, or was sent. A sent one goes
    /// out as a further copy. `false` when there is no such mail, or it is leased.
    async fn resend_mail(&self, topic: Topic, now: Timestamp) -> Result<bool, StoreError>;
}
