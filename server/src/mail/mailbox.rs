//! An in-memory mailbox for development, shown at `/dev/mailbox`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use app::mail_templates::MailContent;
use lettre::Message;

/// The most mails that are kept; older ones are dropped.
const KEPT_MAX: usize = 100;

/// The mails that were sent last. One per process.
#[derive(Clone, Default)]
pub struct Mailbox(Arc<Mutex<VecDeque<KeptMail>>>);

/// A mail as it would have been sent.
#[derive(Clone, Debug)]
pub struct KeptMail {
    /// Its number in the mailbox, ascending.
    pub number: usize,
    /// The recipient.
    pub to: String,
    /// The content.
    pub content: MailContent,
    /// The message itself (RFC 5322).
    pub raw: Vec<u8>,
}

impl Mailbox {
    /// Keeps a mail.
    pub fn keep(&self, message: &Message, content: &MailContent) {
        let to = message.envelope().to().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = kept.back().map_or(1, |newest| newest.number + 1);
        kept.push_back(KeptMail { number, to, content: content.clone(), raw: message.formatted() });
        if kept.len() > KEPT_MAX {
            kept.pop_front();
        }
    }

    /// The mails, newest first.
    pub fn mails(&self) -> Vec<KeptMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}
