//! The outbox: mails are stored in the same transaction as their cause, and sent afterwards.
//!
//! A mail is sent at least once. If the process crashes after the mail server accepted it and before that is stored,
//! the mail is sent again with the same message id, so that mail programs can drop the duplicate.

use jiff::Timestamp;

use crate::ids::{PurchaseId, TenantId, WebhookEndpointId, WithdrawalId};

/// The topic of a mail; there is one mail for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The contract and its payment, with the buyer's consent (§ 312f BGB).
    Confirmation(TenantId, PurchaseId),
    /// The receipt of a declaration of withdrawal, and its time (§ 356a (4) BGB).
    Withdrawal(WithdrawalId),
    /// A webhook endpoint that was switched off; to the operator. Each time it is, another copy goes out.
    WebhookEndpoint(WebhookEndpointId),
}

/// A mail to be put into the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewMail {
    /// Its topic.
    pub topic: Topic,
    /// When it is put into the outbox.
    pub created_at: Timestamp,
    /// When it is to be sent.
    pub due_at: Timestamp,
}

impl NewMail {
    /// A mail to be sent at once.
    pub fn due_at_once(topic: Topic, now: Timestamp) -> Self {
        Self { topic, created_at: now, due_at: now }
    }
}

/// A mail in the outbox. Its text is rendered when it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Its topic.
    pub topic: Topic,
    /// When it was put into the outbox.
    pub created_at: Timestamp,
    /// How many times it was claimed.
    pub attempts: u32,
    /// Its state.
    pub state: MailState,
    /// When the mail server first accepted it; a further copy does not change this.
    pub first_sent_at: Option<Timestamp>,
    /// How many further copies were requested after it was sent.
    pub copies: u32,
    /// Why the last attempt failed; empty when none has.
    pub note: String,
}

/// The state of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// To be sent at this time.
    Due(Timestamp),
    /// Accepted by the mail server at this time.
    Sent(Timestamp),
    /// Not retried unless an operator asks for it.
    GivenUp,
}
