//! What a group of requests does to tables, and that nothing breaks the wallet's rules.

mod random;
mod rules;
mod tables;

use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};

use super::{
    Amount, Answer, Booked, Command, Details, IdempotencyKey, Outcome, Reason, Refusal, Request, SpendLine, Ttl,
};
use crate::{
    clock::Entropy,
    ids::{HoldId, TenantId},
    money::Credits,
};

/// Counts, so that the same requests make the same ids.
#[derive(Default)]
struct Counter(AtomicU64);

impl Entropy for Counter {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        bytes[2..].copy_from_slice(&self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        bytes
    }
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_micros(micros)
}

fn tenant(number: u8) -> TenantId {
    TenantId::from_uuid(uuid::Uuid::from_bytes([number; 16]))
}

fn amount(credits: i64) -> Amount {
    Amount::try_from(credits).expect("an amount")
}

fn reason() -> Reason {
    Reason::try_from("because".to_owned()).expect("a reason")
}

fn line(credits: i64) -> SpendLine {
    SpendLine { credits: amount(credits), details: Details::default() }
}

fn hold(credits: i64, seconds: i64) -> Command {
    Command::Hold { credits: amount(credits), ttl: Ttl::try_from(seconds).expect("a ttl"), details: Details::default() }
}

fn capture(hold: HoldId, credits: i64, last: bool) -> Command {
    Command::Capture { hold, credits: Some(amount(credits)), last, description: None }
}

fn request(tenant_id: TenantId, key: &str, command: Command) -> Request {
    let key = IdempotencyKey::try_from(key.to_owned()).expect("a key");
    Request::new(tenant_id, key, command, "platform".to_owned())
}

fn refusal(answer: &Answer) -> Option<Refusal> {
    if let Outcome::Refused(refusal) = answer.outcome { Some(refusal) } else { None }
}

fn available(answer: &Answer) -> Option<Credits> {
    if let Outcome::Done { funds, .. } = &answer.outcome { Some(funds.available()) } else { None }
}

fn written(answer: &Answer) -> &Booked {
    match &answer.outcome {
        Outcome::Done { written, .. } => written,
        Outcome::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}
