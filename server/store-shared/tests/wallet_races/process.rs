//! One of the processes: its tasks do anything at random, until the time is over.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use billing::{
    Billing, BillingError, Order, OrderError, Platform,
    account::Principal,
    billing::Received,
    clock::Clock,
    event::{EventMeaning, IncomingEvent, ReversalUpdate},
    ids::{PurchaseId, UserId},
    provider::{CheckoutSession, PaymentStatus, SessionStatus},
    purchase::Purchase,
    reversal::{RefundSnapshot, RefundState, Snapshot},
    store::{AccountStore as _, StoreError},
    testing::{
        fixtures::{SeededEntropy, incoming, session_event},
        provider::ScriptedProvider,
    },
    wallet::{IdempotencyKey, Request},
};
use futures::future::join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{
    super::LIMIT,
    PROCESSES, TASKS,
    action::{Action, Dice},
    journal::{Answered, Line, Reader, Writer},
};
use crate::Store;

/// Carries a [`Job`] to the process.
pub const VARIABLE: &str = "RACE_JOB";
/// A slow machine races for longer, so that everything happens at least once.
const GROUPS_MIN: usize = 10;
/// How often a request is sent whose outcome is not known.
const ATTEMPTS: usize = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// What a process is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    pub database_url: String,
    /// Where the journals are.
    pub folder: PathBuf,
    /// Its number, from 0.
    pub process: usize,
    pub seed: u64,
    pub seconds: u64,
    pub buyer: UserId,
}

impl Job {
    /// `None` in the test itself.
    pub fn given() -> Option<Self> {
        Some(serde_json::from_str(&std::env::var(VARIABLE).ok()?).unwrap())
    }
}

pub struct RealClock;

impl Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "holds end by themselves while the race goes on")]
    fn now(&self) -> Timestamp {
        // Whole microseconds, as the databases keep them.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_microsecond(i64::try_from(now.as_micros()).unwrap()).unwrap()
    }
}

struct Process {
    job: Job,
    billing: Billing,
    platform: Platform,
    buyer: Principal,
    writer: Mutex<Writer>,
    reader: Mutex<Reader>,
}

/// Races until the time is over. What takes much longer hangs.
pub async fn run(job: Job) {
    timeout(Duration::from_secs(job.seconds) + LIMIT, race(job)).await.unwrap();
}

async fn race(job: Job) {
    let store = Store::open(&job.database_url).await.unwrap();
    let buyer = store.account(job.buyer).await.unwrap().unwrap().principal;
    let port = Arc::new(store.clone());
    // No two processes make the same ids.
    let entropy = Arc::new(SeededEntropy::new(1_000 + u64::try_from(job.process).unwrap()));
    let provider = Arc::new(ScriptedProvider::default());
    let process = Arc::new(Process {
        billing: Billing::new(port.clone(), provider, Arc::new(RealClock), entropy.clone()),
        platform: Platform::new(port, Arc::new(RealClock), entropy),
        buyer,
        writer: Mutex::new(Writer::create(&job.folder, job.process)),
        reader: Mutex::new(Reader::new(job.folder.clone(), PROCESSES)),
        job,
    });
    let tasks = (0..TASKS / PROCESSES).map(|task| tokio::spawn(process.clone().race(task)));
    for task in join_all(tasks.collect::<Vec<_>>()).await {
        task.unwrap();
    }
    store.close().await;
}

impl Process {
    async fn race(self: Arc<Self>, task: usize) {
        let Job { process, seed, seconds, .. } = self.job;
        let mut dice = Dice::new(seed, u64::try_from(process * TASKS + task).unwrap());
        let ends = Instant::now() + Duration::from_secs(seconds);
        let (mut groups, mut number) = (0, 0);
        while Instant::now() < ends || groups < GROUPS_MIN {
            groups += 1;
            let group: Vec<(String, Action)> = (0..=dice.roll(3))
                .map(|_| {
                    number += 1;
                    self.next(&mut dice, format!("{process}-{task}-{number}"))
                })
                .collect();
            self.take(&group).await;
        }
    }

    /// Something new under that key, or what any process has asked before, under its key.
    fn next(&self, dice: &mut Dice, key: String) -> (String, Action) {
        let mut reader = self.reader.lock().unwrap();
        reader.read_on();
        let asked = &reader.known.asked;
        let earlier = if dice.roll(6) == 0 { dice.index(asked.len()) } else { None };
        match earlier {
            Some(index) => (asked[index].key.clone(), asked[index].action),
            None => (key, dice.action(&reader.known)),
        }
    }

    /// Does all actions of a group. The platform's are executed together.
    async fn take(&self, group: &[(String, Action)]) {
        for (key, action) in group {
            self.write(key, *action, None);
        }
        let (mut requests, mut requested) = (Vec::new(), Vec::new());
        for (key, action) in group {
            if let Some(command) = action.command() {
                let idempotency_key = IdempotencyKey::try_from(key.clone()).unwrap();
                requests.push(Request::new(self.buyer.tenant_id, idempotency_key, command, "race".to_owned()));
                requested.push((key, *action));
            } else {
                let answer = match action {
                    Action::Refund { purchase, cents } => self.refund(key, *purchase, *cents).await,
                    Action::ExpireHolds => self.expire_holds().await,
                    _ => self.buy(key).await,
                };
                self.write(key, *action, Some(answer));
            }
        }
        // As a platform does: again with the same key, until there is an answer.
        for attempt in 0.. {
            let mut unanswered = Vec::new();
            let answers = self.platform.execute(&requests).await;
            for ((request, asked), answer) in requests.into_iter().zip(requested.clone()).zip(answers) {
                match answer {
                    Ok(answer) => self.write(asked.0, asked.1, Some(Answered::Wallet(answer.outcome))),
                    Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => unanswered.push((request, asked)),
                    Err(error) => panic!("{asked:?}: {error}"),
                }
            }
            if unanswered.is_empty() {
                break;
            }
            (requests, requested) = unanswered.into_iter().unzip();
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn write(&self, key: &str, action: Action, answer: Option<Answered>) {
        self.writer.lock().unwrap().write(&Line { key: key.to_owned(), action, answer });
    }

    /// Orders, and has the payment notified.
    async fn buy(&self, key: &str) -> Answered {
        for _ in 0..ATTEMPTS {
            let order = Order { key: Some(key.parse().unwrap()), ..Order::of("credits_5") };
            match self.billing.order(&self.buyer, order).await {
                Ok(purchase) => {
                    self.notify(session_event(&format!("evt_{}", purchase.id), paid_session(&purchase))).await;
                    return Answered::Bought(purchase.id);
                }
                Err(OrderError::Billing(error)) => self.pause(&error).await,
                Err(error) => panic!("{key}: {error}"),
            }
        }
        panic!("the order {key} is never taken")
    }

    async fn refund(&self, key: &str, purchase: PurchaseId, cents: i64) -> Answered {
        let update = ReversalUpdate {
            payment_ref: Some(format!("pi_{purchase}")),
            purchase_id: Some(purchase),
            snapshots: vec![Snapshot::Refund(refund(key, cents))],
            ..ReversalUpdate::default()
        };
        self.notify(incoming(&format!("evt_{key}"), EventMeaning::Reversal(update))).await;
        Answered::Refunded
    }

    /// Sends a notification as the provider does: again, until it is applied.
    async fn notify(&self, event: IncomingEvent) {
        for _ in 0..ATTEMPTS {
            match self.billing.receive_event(event.clone()).await {
                Ok(Received::Applied) => return,
                Ok(Received::Deferred) => tokio::time::sleep(PAUSE).await,
                Ok(received) => panic!("{event:?} is {received:?}"),
                Err(error) => self.pause(&error).await,
            }
        }
        panic!("{event:?} is never applied")
    }

    async fn expire_holds(&self) -> Answered {
        for _ in 0..ATTEMPTS {
            match self.platform.tidy().await {
                Ok(holds) => return Answered::Expired(holds),
                Err(error) => self.pause(&error.into()).await,
            }
        }
        panic!("holds never expire")
    }

    /// Waits before another attempt; panics where no other attempt is due.
    async fn pause(&self, error: &BillingError) {
        assert!(matches!(error, BillingError::Store(StoreError::Unavailable(_)) | BillingError::Contended), "{error}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The refund that was asked for under that key.
pub fn refund(key: &str, cents: i64) -> RefundSnapshot {
    RefundSnapshot { provider_ref: format!("re_{key}"), amount: cents, state: RefundState::Standing, made_at: None }
}

/// The purchase's session once it is paid, whichever process has opened it.
fn paid_session(purchase: &Purchase) -> CheckoutSession {
    CheckoutSession {
        provider_ref: purchase.checkout.as_ref().unwrap().provider_ref.clone(),
        purchase_id: Some(purchase.id),
        tenant_id: Some(purchase.tenant_id),
        url: None,
        status: SessionStatus::Complete,
        payment: PaymentStatus::Paid,
        amount_total: Some(purchase.item.price.cents),
        currency: Some(purchase.item.price.currency.code().to_lowercase()),
        livemode: false,
        payment_ref: Some(format!("pi_{}", purchase.id)),
    }
}
