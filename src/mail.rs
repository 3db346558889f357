//! The outbox: mails that are owed, written in the same transaction as what caused them, and sent afterwards.
//!
//! A mail is sent at least once: should the process die between the mail server's yes and the note of it, it is sent
//! again, under the same message id, by which mail programs tell that it is the same.

use jiff::Timestamp;

use crate::ids::{PurchaseId, TenantId, WithdrawalId};

/// What a mail is about; there is one mail about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The contract and its payment, with the buyer's consent (§ 312f BGB).
    Confirmation(TenantId, PurchaseId),
    /// That a declaration of withdrawal has come, and when (§ 356a (4) BGB).
    Withdrawal(WithdrawalId),
}

/// A mail in the outbox. What it says is made when it is sent, of what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What it is about.
    pub topic: Topic,
    /// When it became owed.
    pub created_at: Timestamp,
    /// How often it was taken up.
    pub attempts: u32,
    /// How it stands.
    pub state: MailState,
    /// When the mail server first took it; stays when another copy is asked for.
    pub first_sent_at: Option<Timestamp>,
    /// How many more copies were asked for after it was sent.
    pub copies: u32,
    /// Why the last attempt failed; empty when none has.
    pub note: String,
}

/// How a mail stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailState {
    /// It is to be sent then.
    Due(Timestamp),
    /// The mail server took it then.
    Sent(Timestamp),
    /// It is not tried again by itself.
    GivenUp,
}
