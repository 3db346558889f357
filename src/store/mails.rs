//! The port that keeps the outbox.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    ids::TenantId,
    mail::{Mail, Topic},
};

/// Keeps the outbox. Mails get into it by [`Store::commit`](super::Store::commit) and
/// [`WithdrawalStore::insert_withdrawal`](super::WithdrawalStore::insert_withdrawal).
#[async_trait]
pub trait MailStore: Send + Sync {
    /// Takes up to `limit` mails that are due at `now`, counts their attempt, and keeps them from other processes until
    /// `leased_until`. A rush of confirmations does not keep an acknowledgement of withdrawal waiting, which is owed
    /// without delay (§ 356a (4) BGB): those come first. Of each kind those come first that are due longest.
    async fn claim_mails(&self, now: Timestamp, leased_until: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// Notes that a mail was sent; of two that send one copy, the first counts.
    async fn mail_sent(&self, topic: Topic, at: Timestamp) -> Result<(), StoreError>;

    /// Puts off a mail that could not be sent, or gives it up; one that was sent stays so.
    async fn put_off_mail(&self, topic: Topic, until: Option<Timestamp>, note: &str) -> Result<(), StoreError>;

    /// The mail about that topic, if one is owed or was.
    async fn mail(&self, topic: Topic) -> Result<Option<Mail>, StoreError>;

    /// For the operator: the newest mails, or those alone that are not sent.
    async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// For the operator: the newest mails about the tenant's purchases and their withdrawals.
    async fn tenant_mails(&self, tenant: TenantId, limit: u32) -> Result<Vec<Mail>, StoreError>;

    /// For the operator: makes every mail that is not sent due at `now`, also those given up, but none that is leased:
    /// a process is sending it. Gives how many.
    async fn retry_mails(&self, now: Timestamp) -> Result<u64, StoreError>;

    /// For the operator: makes one mail due at `now`, whether it waits, was given up, or was sent: then another copy
    /// goes out. `false` when there is none, or it is leased.
    async fn resend_mail(&self, topic: Topic, now: Timestamp) -> Result<bool, StoreError>;
}
