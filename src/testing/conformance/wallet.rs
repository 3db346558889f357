//! The wallet: what is executed is kept, whatever runs at the same instant.

mod execution;
mod reading;
mod tidying;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

pub use self::{execution::*, reading::*, tidying::*};
use crate::{
    clock::Clock,
    ids::{HoldId, TenantId},
    testing::{AnyStore, harness::Harness},
    wallet::{
        Amount, Answer, Booked, Command, Details, Funds, Hold, IdempotencyKey, Outcome, Reason, Refusal, Request,
        Spend, SpendLine, Ttl,
    },
};

/// A clock that stands still.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// A tenant with a wallet, at an instant.
struct Trial {
    store: Arc<dyn AnyStore>,
    harness: Harness,
    tenant: TenantId,
    now: Timestamp,
}

impl Trial {
    /// A tenant with that many granted credits.
    async fn with(store: Arc<dyn AnyStore>, credits: i64) -> Self {
        let harness = Harness::open(store.clone(), 1).await;
        let trial = Self { store, tenant: harness.principal.tenant_id, now: harness.now(), harness };
        trial.ask("first-grant", grant(credits)).await;
        trial
    }

    fn request(&self, key: &str, command: Command) -> Request {
        request(self.tenant, key, command)
    }

    async fn execute(&self, requests: &[Request]) -> Vec<Answer> {
        let entropy = self.harness.entropy.as_ref();
        self.store.execute(requests, &At(self.now), entropy).await.expect("the store answers")
    }

    async fn ask(&self, key: &str, command: Command) -> Answer {
        self.execute(&[self.request(key, command)]).await.remove(0)
    }

    /// Balance, held, available, and the number of the newest entry.
    async fn funds(&self) -> (i64, i64, i64, i64) {
        figures(self.store.funds(self.tenant, self.now).await.expect("the store answers"))
    }

    fn later(&mut self, by: SignedDuration) {
        self.now += by;
    }
}

fn figures(funds: Funds) -> (i64, i64, i64, i64) {
    (funds.balance.0, funds.held.0, funds.available().0, funds.seq)
}

fn request(tenant: TenantId, key: &str, command: Command) -> Request {
    let key = IdempotencyKey::try_from(key.to_owned()).expect("a key");
    Request::new(tenant, key, command, "platform".to_owned())
}

fn amount(credits: i64) -> Amount {
    Amount::try_from(credits).expect("an amount")
}

fn reason(text: &str) -> Reason {
    Reason::try_from(text.to_owned()).expect("a reason")
}

fn details() -> Details {
    let metadata = BTreeMap::from([("model".to_owned(), "\"large\" \\ {€} 🖼".to_owned())]);
    let text = |text: &str| Some(text.to_owned());
    Details::new(text("job-1"), text("Bild »Ä\"'\\n«"), metadata).expect("good details")
}

fn grant(credits: i64) -> Command {
    Command::Grant { credits: amount(credits), reason: reason("Willkommen") }
}

fn spend(credits: i64) -> Command {
    Command::Spend(SpendLine { credits: amount(credits), details: Details::default() })
}

fn hold(credits: i64, seconds: i64) -> Command {
    Command::Hold { credits: amount(credits), ttl: Ttl::try_from(seconds).expect("a ttl"), details: details() }
}

fn capture(hold: HoldId, credits: i64, last: bool) -> Command {
    Command::Capture { hold, credits: Some(amount(credits)), last, description: None }
}

fn refusal(answer: &Answer) -> Option<Refusal> {
    if let Outcome::Refused(refusal) = answer.outcome { Some(refusal) } else { None }
}

fn written(answer: &Answer) -> &Booked {
    match &answer.outcome {
        Outcome::Done { written, .. } => written,
        Outcome::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

fn hold_of(answer: &Answer) -> Hold {
    match written(answer) {
        Booked::Hold(hold) | Booked::Capture { hold, .. } => hold.clone(),
        other => panic!("no hold: {other:?}"),
    }
}

fn spend_of(answer: &Answer) -> Spend {
    match written(answer) {
        Booked::Spend(spend) | Booked::Capture { spend, .. } | Booked::SpendReversal { spend, .. } => spend.clone(),
        other => panic!("no spend: {other:?}"),
    }
}
