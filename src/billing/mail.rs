//! The outbox: claims the mails that are due, and schedules the retries.

use jiff::{SignedDuration, Timestamp};

use super::{Billing, BillingError};
use crate::{
    ids::{PurchaseId, WebhookEndpointId, WithdrawalId},
    mail::{Mail, Topic},
};

/// How long a claim reserves a mail for one process; longer than the timeout of the mail server.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// The pause after the first attempt; it doubles with each further one.
const BACKOFF_MIN: SignedDuration = SignedDuration::from_secs(30);
/// The longest pause.
const BACKOFF_MAX: SignedDuration = SignedDuration::from_hours(6);
/// Mail servers themselves retry for four to five days (RFC 5321, section 4.5.4.1). A longer outage needs a person.
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(5 * 24);

impl Billing {
    /// Claims a mail that is due, for the caller to send. Unless the caller reports it as [sent](Billing::mail_sent) or
    /// [failed](Billing::mail_failed), it falls due again.
    pub async fn mail_to_send(&self) -> Result<Option<Mail>, BillingError> {
        let now = self.now();
        Ok(self.store.claim_mails(now, now + LEASE, 1).await?.pop())
    }

    /// Records that the mail server has accepted the mail.
    pub async fn mail_sent(&self, topic: Topic) -> Result<(), BillingError> {
        Ok(self.store.mail_sent(topic, self.now()).await?)
    }

    /// Records a failed attempt, and schedules the next one: after half a minute, then a minute, up to six hours, for
    /// five days. Returns when that is, or `None` when the mail is given up.
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

    /// For the operator: the newest mails, or only the unsent ones.
    pub async fn mails(&self, unsent: bool, limit: u32) -> Result<Vec<Mail>, BillingError> {
        Ok(self.store.mails(unsent, limit).await?)
    }

    /// For the operator: makes every unsent mail due now, also those given up, but none that is being sent. Returns how
    /// many.
    pub async fn retry_mails(&self) -> Result<u64, BillingError> {
        Ok(self.store.retry_mails(self.now()).await?)
    }

    /// For the operator: the topic of the mail about the purchase, withdrawal or webhook endpoint with this id.
    pub async fn mail_topic(&self, id: &str) -> Result<Option<Topic>, BillingError> {
        let purchase = match id.parse::<PurchaseId>() {
            Ok(id) => self.store.locate("", Some(id)).await?,
            Err(_) => None,
        };
        Ok(match purchase {
            Some((tenant, purchase)) => Some(Topic::Confirmation(tenant, purchase)),
            None => self.other_mail_topic(id).await?,
        })
    }

    async fn other_mail_topic(&self, id: &str) -> Result<Option<Topic>, BillingError> {
        let endpoint = id.parse::<WebhookEndpointId>().ok().map(Topic::WebhookEndpoint);
        if let Some(topic) = endpoint
            && self.store.mail(topic).await?.is_some()
        {
            return Ok(endpoint);
        }
        Ok(id.parse::<WithdrawalId>().ok().map(Topic::Withdrawal))
    }

    /// For the operator: the mail on this topic, sent or not.
    pub async fn mail(&self, topic: Topic) -> Result<Option<Mail>, BillingError> {
        Ok(self.store.mail(topic).await?)
    }

    /// For the operator: makes one mail due now, whether it is waiting, was given up, or was sent. A sent one goes out
    /// as a further copy. `false` when there is no such mail, or it is being sent.
    pub async fn resend_mail(&self, topic: Topic) -> Result<bool, BillingError> {
        Ok(self.store.resend_mail(topic, self.now()).await?)
    }
}
