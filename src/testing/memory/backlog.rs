//! The pending work in the model.

use super::Tables;
use crate::{
    event::EventStatus,
    mail::{Mail, MailState},
    purchase::{Purchase, Status},
    store::Backlog,
};

impl Tables {
    pub(super) fn backlog(&self) -> Backlog {
        let events = |status| count(self.events.values().filter(|event| event.stored.status == status));
        let pending = self.purchases.values().filter(|purchase| purchase.status() == Status::Pending);
        let unnumbered = |purchase: &&Purchase| purchase.state.paid_at().is_some() && purchase.receipt_number.is_none();
        let due = |mail: &&Mail| matches!(mail.state, MailState::Due(_));
        let mails_due = || self.mails.values().map(|kept| &kept.mail).filter(due);
        Backlog {
            events_received: events(EventStatus::Received),
            events_attention: events(EventStatus::Attention),
            oldest_pending: pending.map(|purchase| purchase.created_at).min(),
            receipts_due: count(self.purchases.values().filter(unnumbered)),
            mails_due: count(mails_due()),
            oldest_mail: mails_due().map(|mail| mail.created_at).min(),
            webhooks_due: count(self.webhooks.due()),
            oldest_webhook: self.webhooks.due().map(|event| event.created_at).min(),
        }
    }
}

fn count(what: impl Iterator) -> u64 {
    u64::try_from(what.count()).unwrap_or(u64::MAX)
}
