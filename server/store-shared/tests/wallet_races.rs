//! Many tasks over several stores change one tenant's credits at once, by whatever a platform and buyers can do.
//!
//! `RACE_SECONDS` (2) says for how long.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use billing::{
    Order, Platform,
    ids::{GrantId, HoldId, SpendId},
    ledger::{EntryKind, Source},
    money::Credits,
    store::{EntryFilter, LedgerStore as _, StoreError, WalletStore as _},
    testing::{fixtures::SeededEntropy, harness::Harness},
    wallet::{Amount, Answer, Booked, Command, Details, IdempotencyKey, Outcome, Reason, Request, SpendLine, Ttl},
};
use futures::future::join_all;
use jiff::Timestamp;

use crate::{Store, TestDatabase};

const TASKS: u32 = 64;
/// Each with connections of its own, as processes have.
const STORES: usize = 4;

struct RealClock;

impl billing::clock::Clock for RealClock {
    #[expect(clippy::disallowed_methods, reason = "holds end by themselves while the race goes on")]
    fn now(&self) -> Timestamp {
        // Whole microseconds, as the databases keep them.
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_microsecond(i64::try_from(now.as_micros()).unwrap()).unwrap()
    }
}

/// What has come to be, for other tasks to act upon, and what was answered to each key.
#[derive(Default)]
struct Known {
    holds: Vec<HoldId>,
    spends: Vec<SpendId>,
    grants: Vec<GrantId>,
    answers: BTreeMap<String, (Request, Outcome)>,
}

/// A small generator of numbers that differ by task and run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let sides = u64::try_from(all.len()).unwrap();
        (sides > 0).then(|| all[usize::try_from(self.roll(sides)).unwrap()])
    }

    fn amount(&mut self) -> Amount {
        Amount::try_from(i64::try_from(self.roll(5)).unwrap() + 1).unwrap()
    }

    fn command(&mut self, known: &Known) -> Command {
        let reason = || Reason::try_from("race".to_owned()).unwrap();
        let line = SpendLine { credits: self.amount(), details: Details::default() };
        let hold = self.pick(&known.holds);
        match self.roll(9) {
            0 | 1 => Command::Spend(line),
            2 => Command::SpendBulk(vec![line.clone(), line]),
            3 => Command::Hold { credits: self.amount(), ttl: Ttl::try_from(1).unwrap(), details: Details::default() },
            4 if hold.is_some() => Command::Capture {
                hold: hold.unwrap(),
                credits: Some(self.amount()),
                last: self.roll(2) == 0,
                description: None,
            },
            5 if hold.is_some() => Command::Release { hold: hold.unwrap() },
            6 if hold.is_some() => {
                Command::Extend { hold: hold.unwrap(), ttl: Ttl::try_from(1).unwrap(), credits: Some(self.amount()) }
            }
            7 => match (self.pick(&known.spends), self.pick(&known.grants)) {
                (Some(spend), _) if self.roll(2) == 0 => {
                    Command::ReverseSpend { spend, credits: Some(self.amount()), reason: reason() }
                }
                (_, Some(grant)) => Command::ReverseGrant { grant, credits: Some(self.amount()), reason: reason() },
                _ => Command::Grant { credits: self.amount(), reason: reason() },
            },
            _ => Command::Grant { credits: self.amount(), reason: reason() },
        }
    }
}

fn remember(known: &Mutex<Known>, request: &Request, answer: &Answer) {
    let known = &mut *known.lock().unwrap();
    let key = request.key.as_str().to_owned();
    let first = known.answers.entry(key).or_insert_with(|| (request.clone(), answer.outcome.clone()));
    if let Outcome::Done { written, .. } = &answer.outcome {
        assert_eq!(first.1, answer.outcome, "one key, two answers");
        match written.as_ref() {
            Booked::Hold(hold) => known.holds.push(hold.id),
            Booked::Spend(spend) | Booked::Capture { spend, .. } => known.spends.push(spend.id),
            Booked::Spends(spends) => known.spends.extend(spends.iter().map(|spend| spend.id)),
            Booked::Grant(grant) => known.grants.push(grant.id),
            Booked::SpendReversal { .. } | Booked::GrantReversal { .. } => {}
        }
    }
}

/// Asks again as a platform does, with the same key, when the answer is not known.
async fn ask(platform: &Platform, request: &Request) -> Answer {
    for _ in 0..20 {
        match platform.execute(std::slice::from_ref(request)).await.remove(0) {
            Ok(answer) => return answer,
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(20)).await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no answer to {request:?}")
}

async fn buy(harness: &Harness) {
    let purchase = harness.billing.order(&harness.principal, Order::of("credits_5")).await.unwrap();
    harness.provider.pay(purchase.id);
    let session = &purchase.checkout.as_ref().unwrap().provider_ref;
    harness.billing.confirm_checkout(purchase.tenant_id, session).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_runs_at_once_nothing_is_overspent_and_each_key_has_one_effect() {
    let seconds = std::env::var("RACE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let first = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(first.clone()), 1).await;
    let tenant = harness.principal.tenant_id;
    let mut stores = vec![first.clone()];
    for _ in 1..STORES {
        stores.push(Store::open(&database.url()).await.unwrap());
    }
    let known = Arc::new(Mutex::new(Known::default()));
    let ends = Instant::now() + Duration::from_secs(seconds);
    let bought = Arc::new(AtomicU32::new(0));

    let tasks = (0..TASKS).map(|task| {
        let store = stores[usize::try_from(task).unwrap() % STORES].clone();
        let (known, harness, bought) = (known.clone(), harness.clone(), bought.clone());
        tokio::spawn(async move {
            let entropy = Arc::new(SeededEntropy::new(u64::from(task) + 100));
            let platform = Platform::new(Arc::new(store), Arc::new(RealClock), entropy);
            let mut dice = Dice(u64::from(task) + 1);
            for number in 0.. {
                if Instant::now() > ends {
                    break;
                }
                if task == 0 && number % 20 == 0 {
                    buy(&harness).await;
                    bought.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                // Now and then another task's request again.
                let earlier = (dice.roll(8) == 0)
                    .then(|| {
                        let known = known.lock().unwrap();
                        let keys: Vec<_> = known.answers.values().map(|(request, _)| request.clone()).collect();
                        (!keys.is_empty()).then(|| keys[usize::try_from(dice.roll(keys.len() as u64)).unwrap()].clone())
                    })
                    .flatten();
                let request = earlier.unwrap_or_else(|| {
                    let command = dice.command(&known.lock().unwrap());
                    let key = IdempotencyKey::try_from(format!("{task}-{number}")).unwrap();
                    Request::new(tenant, key, command, "race".to_owned())
                });
                let answer = ask(&platform, &request).await;
                remember(&known, &request, &answer);
                if task == 1 {
                    platform.tidy().await.unwrap();
                }
            }
        })
    });
    for task in join_all(tasks.collect::<Vec<_>>()).await {
        task.unwrap();
    }

    let filter = EntryFilter { limit: u32::MAX / 2, ..EntryFilter::default() };
    let mut entries = first.described_entries(tenant, &filter).await.unwrap();
    entries.reverse();
    let mut balance = 0;
    for (described, seq) in entries.iter().zip(1..) {
        let entry = &described.entry;
        balance += entry.booked.credits.0;
        assert_eq!((entry.seq, entry.balance_after), (seq, Credits(balance)), "the chain has a break");
        let may_be_negative = entry.booked.kind != EntryKind::Spend;
        assert!(may_be_negative || balance >= 0, "a spend has overdrawn the balance");
    }
    assert_eq!(first.balance(tenant).await.unwrap().credits, Credits(balance));

    // What was answered is what is booked, once.
    let known = std::mem::take(&mut *known.lock().unwrap());
    let mut expected = BTreeMap::<Source, i64>::new();
    for (_, outcome) in known.answers.values() {
        let Outcome::Done { written, .. } = outcome else { continue };
        match written.as_ref() {
            Booked::Spend(spend) | Booked::Capture { spend, .. } => {
                *expected.entry(Source::Spend(spend.id)).or_default() -= spend.credits.0;
            }
            Booked::Spends(spends) => {
                for spend in spends {
                    *expected.entry(Source::Spend(spend.id)).or_default() -= spend.credits.0;
                }
            }
            Booked::Grant(grant) => *expected.entry(Source::Grant(grant.id)).or_default() += grant.credits.0,
            Booked::SpendReversal { reversal, spend } => {
                *expected.entry(Source::Spend(spend.id)).or_default() += reversal.credits.0;
            }
            Booked::GrantReversal { reversal, grant } => {
                *expected.entry(Source::Grant(grant.id)).or_default() -= reversal.credits.0;
            }
            Booked::Hold(_) => {}
        }
    }
    let mut booked = BTreeMap::<Source, i64>::new();
    for described in &entries {
        let entry = &described.entry.booked;
        if !matches!(entry.source, Source::Purchase(_)) {
            *booked.entry(entry.source).or_default() += entry.credits.0;
        }
    }
    assert_eq!(booked, expected);
    assert!(entries.len() > 100 && bought.load(Ordering::Relaxed) > 0, "{} entries", entries.len());
    for store in stores {
        billing::store::Store::close(&store).await;
    }
    database.remove().await.unwrap();
}
