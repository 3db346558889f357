//! Kills the process at every step between two commits, and finds the same end state all the same.
//!
//! A use case writes in steps: each call of one of its ports, the database or Stripe, is one. This binary, started once
//! more as a child, plays one use case upon a real database and the Stripe double and ends itself by SIGKILL at one
//! step: before the call, amid it, or after it and before its answer is used. Then a fresh process does what the world
//! outside would do (the buyer comes again, Stripe repeats itself, the worker looks after what lies about), and the
//! books must be those of a run that nobody killed.
//!
//! Which steps there are is found by such a run, at the start, so that no step can be forgotten. PostgreSQL is the
//! server that `TEST_POSTGRES_URL` names; the double needs its packages: `npm ci --prefix end2end/stripe-double`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod child;
mod database;
mod double;
mod end;
mod scenario;
mod serving;
mod shop;
mod steps;
mod trial;

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
