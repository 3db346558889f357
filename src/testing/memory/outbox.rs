//! Mails and withdrawals of the model.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Tables, lock, rules, yield_now};
use crate::{
    account::EmailAddress,
    ids::{PurchaseId, TenantId, WithdrawalId},
    mail::{Mail, MailState, NewMail, Topic},
    store::{MailStore, StoreError, WithdrawalStore},
    withdrawal::Withdrawal,
};

pub(super) struct KeptMail {
    pub(super) mail: Mail,
    leased_until: Option<Timestamp>,
}

impl KeptMail {
    fn is_sent(&self) -> bool {
        matches!(self.mail.state, MailState::Sent(_))
    }

    fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until.is_some_and(|until| until > now)
    }

    /// Makes it due; one that was sent goes out as a further copy.
    fn send_again(&mut self, now: Timestamp) {
        self.mail.copies += u32::from(self.is_sent());
        self.set(MailState::Due(now));
    }

    /// Sets the state, and ends the lease.
    fn set(&mut self, state: MailState) {
        self.mail.state = state;
        self.leased_until = None;
    }
}

impl Tables {
    /// Puts a mail into the outbox.
    pub(super) fn enqueue(&mut self, &NewMail { topic, created_at, due_at }: &NewMail) {
        let state = MailState::Due(due_at);
        let note = String::new();
        let mail = Mail { topic, created_at, attempts: 0, state, first_sent_at: None, copies: 0, note };
        self.mails.insert(topic, KeptMail { mail, leased_until: None });
    }

    /// Puts a mail into the outbox; where there is one on the topic, another copy of it.
    pub(super) fn enqueue_again(&mut self, topic: Topic, at: Timestamp) {
        match self.mails.get_mut(&topic) {
            Some(kept) => kept.send_again(at),
            None => self.enqueue(&NewMail::due_at_once(topic, at)),
        }
    }

    fn unsent(&mut self, topic: Topic) -> Option<&mut KeptMail> {
        self.mails.get_mut(&topic).filter(|kept| !kept.is_sent())
    }
}

fn newest<'a>(mails: impl Iterator<Item = &'a KeptMail>, limit: u32) -> Vec<Mail> {
    let mut mails: Vec<Mail> = mails.map(|kept| kept.mail.clone()).collect();
    mails.sort_by_key(|mail| std::cmp::Reverse(mail.created_at));
    mails.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    mails
}

#[async_trait]
impl MailStore for MemoryStore {
    async fn claim_mails(&self, now: Timestamp, leased_until: Timestamp, limit: u32) -> Result<Vec<Mail>, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let due_at = |kept: &KeptMail| if let MailState::Due(at) = kept.mail.state { Some(at) } else { None };
        let is_due = |kept: &&mut KeptMail| due_at(kept).is_some_and(|at| at <= now);
        let mut due: Vec<&mut KeptMail> = tables.mails.values_mut().filter(is_due).collect();
        due.sort_by_key(|kept| {
            let urgency = match kept.mail.topic {
                Topic::Withdrawal(_) => 0,
                Topic::WebhookEndpoint(_) => 1,
                Topic::Confirmation(..) => 2,
            };
            (urgency, due_at(kept))
        });
        let claim = |kept: &mut KeptMail| {
            kept.mail.state = MailState::Due(leased_until);
            kept.leased_until = Some(leased_until);
            kept.mail.attempts += 1;
            kept.mail.clone()
        };
        Ok(due.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(claim).collect())
    }

    async fn mail_sent(&self, topic: Topic, at: Timestamp) -> Result<(), StoreError> {
        yield_now().await;
        if let Some(kept) = lock(&self.tables).unsent(topic) {
            kept.set(MailState::Sent(at));
            kept.mail.first_sent_at.get_or_insert(at);
            kept.mail.note.clear();
        }
        Ok(())
    }

    async fn put_off_mail(&self, topic: Topic, until: Option<Timestamp>, note: &str) -> Result<(), StoreError> {
        yield_now().await;
        if let Some(kept) = lock(&self.tables).unsent(topic) {
            kept.set(until.map_or(MailState::GivenUp, MailState::Due));
            note.clone_into(&mut kept.mail.note);
        }
        Ok(())
    }

    async fn mail(&self, topic: Topic) -> Result<Option<Mail>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).mails.get(&topic).map(|kept| kept.mail.clone()))
    }

    async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        Ok(newest(tables.mails.values().filter(|kept| !unsent || !kept.is_sent()), limit))
    }

    async fn tenant_mails(&self, tenant: TenantId, limit: u32) -> Result<Vec<Mail>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let own = tables.mails.values().filter(|kept| match kept.mail.topic {
            Topic::Confirmation(owner, _) => owner == tenant,
            Topic::Withdrawal(id) => {
                let withdrawal = tables.withdrawals.get(&id).and_then(|withdrawal| withdrawal.purchase);
                withdrawal.is_some_and(|(owner, _)| owner == tenant)
            }
            Topic::WebhookEndpoint(_) => false,
        });
        Ok(newest(own, limit))
    }

    async fn retry_mails(&self, now: Timestamp) -> Result<u64, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let waiting = tables.mails.values_mut().filter(|kept| !kept.is_sent() && !kept.is_leased(now));
        let retried = waiting.map(|kept| kept.set(MailState::Due(now))).count();
        Ok(u64::try_from(retried).unwrap_or(u64::MAX))
    }

    async fn resend_mail(&self, topic: Topic, now: Timestamp) -> Result<bool, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let Some(kept) = tables.mails.get_mut(&topic).filter(|kept| !kept.is_leased(now)) else { return Ok(false) };
        kept.send_again(now);
        Ok(true)
    }
}

#[async_trait]
impl WithdrawalStore for MemoryStore {
    async fn insert_withdrawal(&self, withdrawal: &Withdrawal) -> Result<(), StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        rules::refuse_if(tables.withdrawals.contains_key(&withdrawal.id), "withdrawals_pkey")?;
        tables.withdrawals.insert(withdrawal.id, withdrawal.clone());
        tables.enqueue(&NewMail::due_at_once(Topic::Withdrawal(withdrawal.id), withdrawal.received_at));
        Ok(())
    }

    async fn purchase_ordered_by(&self, email: &EmailAddress, id: PurchaseId) -> Result<Option<TenantId>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let Some(purchase) = tables.purchases.get(&id) else { return Ok(None) };
        let orderer = tables.users.get(&purchase.ordered_by).filter(|account| account.principal.email == *email);
        Ok(orderer.map(|_| purchase.tenant_id))
    }

    async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).withdrawals.get(&id).cloned())
    }

    async fn withdrawals(&self, limit: u32) -> Result<Vec<Withdrawal>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        Ok(tables.withdrawals.values().rev().take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }

    async fn tenant_withdrawals(&self, tenant: TenantId, limit: u32) -> Result<Vec<Withdrawal>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let newest = tables.withdrawals.values().rev();
        let own = newest.filter(|withdrawal| withdrawal.purchase.is_some_and(|(owner, _)| owner == tenant));
        Ok(own.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}
