//! Mails and withdrawals of the model.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Tables, give_way, lock, rules};
use crate::{
    account::EmailAddress,
    ids::{PurchaseId, TenantId, WithdrawalId},
    mail::{Mail, MailState, MailStore, Topic},
    store::StoreError,
    withdrawal::{Withdrawal, WithdrawalStore},
};

impl Tables {
    /// Puts a mail into the outbox.
    pub(super) fn owe(&mut self, topic: Topic, at: Timestamp) {
        let mail = Mail { topic, created_at: at, attempts: 0, state: MailState::Due(at), note: String::new() };
        self.mails.insert(topic, mail);
    }

    fn unsent(&mut self, topic: Topic) -> Option<&mut Mail> {
        self.mails.get_mut(&topic).filter(|mail| !matches!(mail.state, MailState::Sent(_)))
    }
}

#[async_trait]
impl MailStore for MemoryStore {
    async fn claim_mails(&self, now: Timestamp, leased_until: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let due_at = |mail: &Mail| if let MailState::Due(at) = mail.state { Some(at) } else { None };
        let is_due = |mail: &&mut Mail| due_at(mail).is_some_and(|at| at <= now);
        let mut due: Vec<&mut Mail> = tables.mails.values_mut().filter(is_due).collect();
        due.sort_by_key(|mail| (matches!(mail.topic, Topic::Confirmation(..)), due_at(mail)));
        let claim = |mail: &mut Mail| {
            mail.state = MailState::Due(leased_until);
            mail.attempts += 1;
            mail.clone()
        };
        Ok(due.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(claim).collect())
    }

    async fn mail_sent(&self, topic: Topic, at: Timestamp) -> Result<(), StoreError> {
        give_way().await;
        if let Some(mail) = lock(&self.tables).unsent(topic) {
            mail.state = MailState::Sent(at);
            mail.note.clear();
        }
        Ok(())
    }

    async fn put_off_mail(&self, topic: Topic, until: Option<Timestamp>, note: &str) -> Result<(), StoreError> {
        give_way().await;
        if let Some(mail) = lock(&self.tables).unsent(topic) {
            mail.state = until.map_or(MailState::GivenUp, MailState::Due);
            note.clone_into(&mut mail.note);
        }
        Ok(())
    }

    async fn mail(&self, topic: Topic) -> Result<Option<Mail>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).mails.get(&topic).cloned())
    }

    async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let wanted = tables.mails.values().filter(|mail| !unsent || !matches!(mail.state, MailState::Sent(_)));
        let mut wanted: Vec<Mail> = wanted.cloned().collect();
        wanted.sort_by_key(|mail| std::cmp::Reverse(mail.created_at));
        wanted.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(wanted)
    }

    async fn retry_mails(&self, now: Timestamp) -> Result<u64, StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        let unsent = tables.mails.values_mut().filter(|mail| !matches!(mail.state, MailState::Sent(_)));
        let retried = unsent.map(|mail| mail.state = MailState::Due(now)).count();
        Ok(u64::try_from(retried).unwrap_or(u64::MAX))
    }
}

#[async_trait]
impl WithdrawalStore for MemoryStore {
    async fn insert_withdrawal(&self, withdrawal: &Withdrawal) -> Result<(), StoreError> {
        give_way().await;
        let mut tables = lock(&self.tables);
        rules::refuse_if(tables.withdrawals.contains_key(&withdrawal.id), "withdrawals_pkey")?;
        tables.withdrawals.insert(withdrawal.id, withdrawal.clone());
        tables.owe(Topic::Withdrawal(withdrawal.id), withdrawal.received_at);
        Ok(())
    }

    async fn purchase_ordered_by(&self, email: &EmailAddress, id: PurchaseId) -> Result<Option<TenantId>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        let Some(purchase) = tables.purchases.get(&id) else { return Ok(None) };
        let orderer = tables.users.get(&purchase.ordered_by).filter(|account| account.caller.email == *email);
        Ok(orderer.map(|_| purchase.tenant_id))
    }

    async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).withdrawals.get(&id).cloned())
    }

    async fn withdrawals(&self, limit: u32) -> Result<Vec<Withdrawal>, StoreError> {
        give_way().await;
        let tables = lock(&self.tables);
        Ok(tables.withdrawals.values().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}
