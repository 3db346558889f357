//! The outbox: which mails are to be sent now, and what becomes of one that could not be.

use jiff::{SignedDuration, Timestamp};

use super::{Billing, BillingError};
use crate::{
    ids::{PurchaseId, WithdrawalId},
    mail::{Mail, Topic},
};

/// How long a claim keeps others away; longer than any mail server is waited for.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// Between the first attempt and the second; each further pause is twice as long.
const BACKOFF_MIN: SignedDuration = SignedDuration::from_secs(30);
/// No pause is longer.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_hours(6);
/// A mail server that is down for longer needs a person. Five days are what mail servers themselves go on for
/// (RFC 5321, section 4.5.4.1).
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

impl Billing {
    /// Takes up a mail that is due, for the caller to send. If it is neither told to be [sent](Billing::mail_sent) nor
    /// [not sent](Billing::mail_failed), it falls due again.
    pub async fn mail_to_send(&self) -> Result<Option<Mail>, BillingError> {
        let now = self.now();
        Ok(self.store.claim_mails(now, now + LEASE, 1).await?.pop())
    }

    /// The mail server has taken it.
    pub async fn mail_sent(&self, topic: Topic) -> Result<(), BillingError> {
        Ok(self.store.mail_sent(topic, self.now()).await?)
    }

    /// It could not be sent, and is tried again later: after half a minute, then a minute, up to six hours, for five
    /// days. Gives when, or `None` once that is over.
    pub async fn mail_failed(&self, mail: &Mail, note: &str) -> Result<Option<Timestamp>, BillingError> {
        let now = self.now();
        let pause = BACKOFF_MIN
            .checked_mul(1 << mail.attempts.saturating_sub(1).min(16))
            .unwrap_or(BACKOFF_MAX)
            .min(BACKOFF_MAX);
        let until = (now < mail.created_at + GIVE_UP_AFTER).then_some(now + pause);
        self.store.put_off_mail(mail.topic, until, note).await?;
        Ok(until)
    }

    /// For the operator: the newest mails, or those alone that are not sent.
    pub async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, BillingError> {
        Ok(self.store.mails(unsent, limit).await?)
    }

    /// For the operator: makes every mail that is not sent due now, also those given up, but none that is being sent;
    /// gives how many.
    pub async fn retry_mails(&self) -> Result<u64, BillingError> {
        Ok(self.store.retry_mails(self.now()).await?)
    }

    /// For the operator: what the mail about the purchase or the withdrawal of that id is about.
    pub async fn mail_topic(&self, id: &str) -> Result<Option<Topic>, BillingError> {
        let purchase = match id.parse::<PurchaseId>() {
            Ok(id) => self.store.locate("", Some(id)).await?,
            Err(_) => None,
        };
        Ok(match purchase {
            Some((tenant, purchase)) => Some(Topic::Confirmation(tenant, purchase)),
            None => id.parse::<WithdrawalId>().ok().map(Topic::Withdrawal),
        })
    }

    /// For the operator: the mail about that, if one is owed or was.
    pub async fn mail(&self, topic: Topic) -> Result<Option<Mail>, BillingError> {
        Ok(self.store.mail(topic).await?)
    }

    /// For the operator: makes one mail due now, whether it waits, was given up, or was sent: then another copy goes
    /// out. `false` when there is none, or it is being sent.
    pub async fn resend_mail(&self, topic: Topic) -> Result<bool, BillingError> {
        Ok(self.store.resend_mail(topic, self.now()).await?)
    }
}
