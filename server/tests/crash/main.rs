//! Kills the process at every step of every use case, and checks that the end state is the same.
//!
//! Each call of a port, to the database or to Stripe, is a step of a use case. This binary starts itself as a child
//! process, which runs one use case on a real database and the Stripe double, and ends itself by SIGKILL at one step:
//! before the call, during it, or after it and before its answer is used. Then a new process does what would follow
//! (the buyer or the platform tries again, Stripe sends the notification again, the worker recovers), and the end state must be that of
//! a run without a kill.
//!
//! Such a run at the start lists the steps, so that none can be forgotten. PostgreSQL is the server that
//! `TEST_POSTGRES_URL` names; the double needs its packages: `npm ci --prefix end2end/stripe-double`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod child;
mod database;
mod double;
mod end;
mod platform;
mod purchases;
mod receiver;
mod scenario;
mod serving;
mod shop;
mod steps;
mod trial;
mod webhooks;

use std::process::ExitCode;

use libtest_mimic::Arguments;
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let runtime = Runtime::new().unwrap();
    if let Some(job) = child::Job::given() {
        runtime.block_on(child::run(job));
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let bench = trial::Bench::new(runtime);
    let trials = trial::all(&bench);
    let conclusion = libtest_mimic::run(&arguments, trials);
    bench.close();
    conclusion.exit_code()
}
