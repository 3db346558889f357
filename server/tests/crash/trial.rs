//! The trials: in each, a process is killed at one step, and the end state must be right.

use std::{
    os::unix::process::ExitStatusExt,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use billing::clock::Entropy;
use futures::{StreamExt, stream};
use jiff::SignedDuration;
use libtest_mimic::Trial;
use server::system::SystemEntropy;
use tokio::{process::Command, runtime::Runtime, sync::OnceCell, time::timeout};

use crate::{
    child::{self, Job},
    database::{Kind, TestDatabase},
    double::Double,
    platform, purchases,
    receiver::Receiver,
    scenario::{Place, Scenario},
    serving,
    shop::Shop,
    steps::{Kill, Moment},
    webhooks,
};

/// The timeout of a process, far longer than any takes.
const TIMEOUT: Duration = Duration::from_mins(1);
/// The most polls of a call before the kill: more than the longest transaction needs.
const TURNS_MAX: u8 = 12;

/// The resources that the trials share.
pub struct Bench {
    runtime: Runtime,
    sqlite: OnceCell<TestDatabase>,
    postgres: OnceCell<TestDatabase>,
    /// The idle doubles.
    doubles: Mutex<Vec<Double>>,
}

impl Bench {
    pub fn new(runtime: Runtime) -> Arc<Self> {
        Arc::new(Self { runtime, sqlite: OnceCell::new(), postgres: OnceCell::new(), doubles: Mutex::default() })
    }

    /// A double without state.
    pub async fn double(&self) -> Double {
        let idle = self.doubles.lock().unwrap().pop();
        let double = idle.unwrap_or_else(Double::start);
        double.reset().await;
        double
    }

    pub fn give_back(&self, double: Double) {
        self.doubles.lock().unwrap().push(double);
    }

    /// A database for one trial, copied because migrating each would take most of the time.
    pub async fn database(&self, kind: Kind) -> TestDatabase {
        let migrated = match kind {
            Kind::Sqlite => &self.sqlite,
            Kind::Postgres => &self.postgres,
        };
        migrated.get_or_init(|| TestDatabase::migrated(kind)).await.copy().await
    }

    /// Stops the doubles, and removes the databases.
    pub fn close(mut self: Arc<Self>) {
        let bench = Arc::get_mut(&mut self).expect("every trial is over");
        bench.doubles.get_mut().unwrap().clear();
        for database in [bench.sqlite.take(), bench.postgres.take()].into_iter().flatten() {
            bench.runtime.block_on(database.remove());
        }
    }
}

/// Runs a scenario in which the process is killed at the named step, or not at all. Returns its steps.
async fn play(bench: &Bench, kind: Kind, scenario: &dyn Scenario, killed: Option<(Kill, &str)>) -> Vec<String> {
    let double = bench.double().await;
    let database = bench.database(kind).await;
    let (url, api_base) = (database.url(), double.url.clone());

    let shop = Shop::open(&url, &api_base, SignedDuration::ZERO, None).await;
    let (receiver, principal) = (&Receiver::start().await, &shop.customer().await);
    let act = scenario.prepare(&Place { shop: &shop, double: &double, receiver, principal }).await;
    shop.close().await;

    double.wait(scenario.later()).await;
    let job = Job {
        database_url: url.clone(),
        api_base: api_base.clone(),
        later_secs: scenario.later().as_secs(),
        act: act.clone(),
        kill: killed.map(|(kill, _)| kill),
    };
    let steps = process(&job, killed).await;

    double.wait(scenario.much_later()).await;
    let shop = Shop::open(&url, &api_base, scenario.later() + scenario.much_later(), None).await;
    let place = Place { shop: &shop, double: &double, receiver, principal };
    let expected = scenario.expected(&place).await;
    // The second time, nothing changes.
    for time in ["after the restart", "when everything comes once more"] {
        let end = scenario.go_on(&place, &act).await;
        assert_eq!(end, expected, "\n{time}, the books are not those of a process that lives\n{killed:?}\n{end}");
    }
    shop.close().await;
    database.remove().await;
    bench.give_back(double);
    steps
}

/// Runs the process, checks whether it was killed as expected, and returns its steps.
async fn process(job: &Job, killed: Option<(Kill, &str)>) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(child::VARIABLE, serde_json::to_string(job).unwrap()).stdin(Stdio::null()).kill_on_drop(true);
    let output = timeout(TIMEOUT, command.output()).await.expect("it ends").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let steps: Vec<String> = String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    if let Some((kill, name)) = killed {
        assert_eq!(output.status.signal(), Some(9), "the process came to an end of its own: {said}");
        assert_eq!((steps.len(), steps.last().unwrap().as_str()), (kill.step + 1, name), "it died elsewhere");
    } else {
        assert!(output.status.success(), "{said}");
        assert!(!steps.is_empty());
    }
    steps
}

/// All trials: every scenario, killed at every step, on both databases.
pub fn all(bench: &Arc<Bench>) -> Vec<Trial> {
    let scenarios = purchases::all().chain(platform::all()).chain(webhooks::all()).collect::<Vec<_>>();
    let runs = Kind::BOTH.into_iter().flat_map(|kind| scenarios.iter().cloned().map(move |scenario| (kind, scenario)));
    let alive = runs.map(|(kind, scenario)| {
        let bench = bench.clone();
        async move {
            let played = scenario.clone();
            let run = tokio::spawn(async move { play(&bench, kind, played.as_ref(), None).await }).await;
            (kind, scenario, run.map_err(|error| error.to_string()))
        }
    });
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let alive: Vec<_> = bench.runtime.block_on(stream::iter(alive).buffered(at_once).collect());
    let mut trials = Vec::new();
    for (kind, scenario, run) in alive {
        let name = format!("{}::{}", kind.name(), scenario.name());
        let steps = run.as_ref().map_or_else(|_| Vec::new(), Clone::clone);
        trials.push(Trial::test(format!("{name}::alive"), move || Ok(run.map(drop)?)));
        for (step, of) in steps.into_iter().enumerate() {
            for moment in moments(step, &of) {
                let (bench, scenario, of) = (bench.clone(), scenario.clone(), of.clone());
                let name = format!("{name}::{}_{moment}_{of}", step + 1);
                trials.push(Trial::test(name, move || {
                    let kill = Kill { step, moment: moment_of(moment) };
                    bench.runtime.block_on(play(&bench, kind, scenario.as_ref(), Some((kill, &of))));
                    Ok(())
                }));
            }
        }
    }
    for kind in Kind::BOTH {
        let (payments, platform) = (bench.clone(), bench.clone());
        trials.push(Trial::test(format!("{}::serving_payments", kind.name()), move || {
            payments.runtime.block_on(serving::play_payments(&payments, kind));
            Ok(())
        }));
        trials.push(Trial::test(format!("{}::serving_platform", kind.name()), move || {
            platform.runtime.block_on(serving::play_platform(&platform, kind));
            Ok(())
        }));
    }
    trials
}

/// When to kill the process at a step.
fn moments(step: usize, of: &str) -> Vec<&'static str> {
    // Before any other step is the same as after the one before it, unless something else happens in between.
    let follows_a_request = matches!(of, "store.delivery_succeeded" | "store.delivery_failed");
    let before = (step == 0 || follows_a_request).then_some("before");
    // A group of requests is one call, so it is cut in several places.
    let amid = if of == "store.execute" { &["early_in", "amid", "late_in"][..] } else { &["amid"] };
    before.into_iter().chain(amid.iter().copied()).chain(["after"]).collect()
}

fn moment_of(name: &str) -> Moment {
    let turns = |from: u8, to: u8| Moment::Amid { turns: from + SystemEntropy.bytes()[0] % (to - from + 1) };
    match name {
        "before" => Moment::Before,
        "early_in" => turns(1, 4),
        "amid" => turns(1, TURNS_MAX),
        "late_in" => turns(8, TURNS_MAX),
        _ => Moment::After,
    }
}
