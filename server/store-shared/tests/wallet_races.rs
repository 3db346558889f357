//! Four processes change one tenant's credits at once, by whatever platforms and buyers can do.
//!
//! The test starts its own program four times, which finds its [`Job`] in the environment. `RACE_SECONDS` (2) says for how
//! long, `RACE_SEED` what is asked for; a failure prints it.

mod action;
mod books;
mod journal;
mod process;

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
};

use billing::{clock::Clock as _, testing::harness::Harness};
use tempfile::TempDir;

use self::process::{Job, RealClock, VARIABLE};
use crate::TestDatabase;

const PROCESSES: usize = 4;
/// In all processes.
const TASKS: usize = 64;
const TEST: &str = "whatever_four_processes_do_at_once_nothing_is_overspent_and_each_key_has_one_effect";

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Starts a process that runs nothing but the test, which then is one of the racing processes.
fn start(job: &Job) -> Child {
    let (_, module) = module_path!().split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--nocapture", &format!("{module}::{TEST}")]);
    command.env(VARIABLE, serde_json::to_string(job).unwrap()).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stderr, reason = "what repeats a race that failed")]
async fn whatever_four_processes_do_at_once_nothing_is_overspent_and_each_key_has_one_effect() {
    if let Some(job) = Job::given() {
        return process::run(job).await;
    }
    let seed = setting("RACE_SEED").unwrap_or_else(|| u64::try_from(RealClock.now().as_microsecond()).unwrap());
    let seconds = setting("RACE_SECONDS").unwrap_or(2);
    eprintln!("RACE_SEED={seed} RACE_SECONDS={seconds}");
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let buyer = Harness::open(Arc::new(store.clone()), 1).await.principal;
    let folder = TempDir::new().unwrap();
    let processes: Vec<Child> = (0..PROCESSES)
        .map(|process| {
            let (database_url, folder) = (database.url(), folder.path().to_owned());
            start(&Job { database_url, folder, process, seed, seconds, buyer: buyer.user_id })
        })
        .collect();
    for process in processes {
        let output = tokio::task::spawn_blocking(|| process.wait_with_output()).await.unwrap().unwrap();
        let [said, told] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(output.status.success() && said.contains("1 passed"), "{said}{told}");
    }
    let lines = journal::read_all(folder.path(), PROCESSES);
    eprintln!("{}", books::check(&store, buyer.tenant_id, &lines).await);
    store.close().await;
    database.remove().await.unwrap();
}
