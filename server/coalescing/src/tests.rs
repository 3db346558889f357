//! Every schedule that shuttle tries: no answer before its commit, none lost, none twice, whoever gives up when.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use shuttle::{
    future::{JoinHandle, block_on, spawn},
    sync::{Arc, Mutex},
    thread,
};

use super::*;

const LIMITS: Limits = Limits { group_max: 2, groups_max: 1, waiting_max: 100 };

/// How often each request was committed.
type Committed = Arc<Mutex<BTreeMap<u32, u32>>>;

struct Trial {
    coalescer: Arc<Coalescer<u32, u32>>,
    committed: Committed,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Trial {
    fn new(limits: Limits) -> Self {
        let (committed, tasks) = (Committed::default(), Arc::new(Mutex::new(Vec::new())));
        let run = {
            let committed = committed.clone();
            move |requests: Vec<u32>| -> BoxFuture<'static, Vec<u32>> {
                let committed = committed.clone();
                Box::pin(async move {
                    assert!((1..=2).contains(&requests.len()), "a group has {} requests", requests.len());
                    shuttle::future::yield_now().await;
                    for request in &requests {
                        assert_ne!(*request, 666, "a request that panics");
                        *committed.lock().expect("the lock").entry(*request).or_insert(0) += 1;
                    }
                    requests.iter().map(|request| request * 10).collect()
                })
            }
        };
        let spawned = tasks.clone();
        let spawn = move |task: BoxFuture<'static, ()>| spawned.lock().expect("the lock").push(spawn(task));
        Self { coalescer: Arc::new(Coalescer::new(limits, spawn, run)), committed, tasks }
    }

    /// Executes the requests, each on a thread of its own.
    fn call(&self, requests: std::ops::Range<u32>) {
        let call = |request| {
            let (coalescer, committed) = (self.coalescer.clone(), self.committed.clone());
            thread::spawn(move || {
                let answer = block_on(coalescer.submit(request));
                assert_eq!(answer, Ok(request * 10), "the answer of another");
                assert_eq!(times(&committed, request), 1, "answered before the commit, or executed twice");
            })
        };
        let callers: Vec<_> = requests.map(call).collect();
        for caller in callers {
            caller.join().expect("a caller");
        }
    }

    /// Waits until nothing runs.
    fn end(self) {
        while let Some(task) = { self.tasks.lock().expect("the lock").pop() } {
            block_on(task).expect("a task that ends");
        }
    }
}

fn times(committed: &Committed, request: u32) -> u32 {
    committed.lock().expect("the lock").get(&request).copied().unwrap_or(0)
}

/// Tries many schedules of callers on threads of their own.
fn on_many_schedules(scenario: impl Fn() + Send + Sync + 'static) {
    shuttle::check_random(scenario, 2_000);
}

#[test]
fn each_request_is_executed_once_and_answered_after_its_commit() {
    on_many_schedules(|| {
        let trial = Trial::new(LIMITS);
        trial.call(1..6);
        trial.end();
    });
}

#[test]
fn groups_that_run_side_by_side_share_no_request() {
    on_many_schedules(|| {
        let trial = Trial::new(Limits { groups_max: 2, ..LIMITS });
        trial.call(1..6);
        trial.end();
    });
}

#[test]
fn a_caller_that_gives_up_takes_no_answer_from_others() {
    on_many_schedules(|| {
        let trial = Trial::new(LIMITS);
        let coalescer = trial.coalescer.clone();
        // Polls once, and drops the future.
        let gives_up = thread::spawn(move || {
            let _ = coalescer.submit(9).now_or_never();
        });
        trial.call(1..4);
        gives_up.join().expect("the caller that gives up");
        let committed = trial.committed.clone();
        trial.end();
        // It was in the queue, so it is executed all the same.
        assert_eq!(times(&committed, 9), 1);
    });
}

#[test]
fn a_group_that_panics_loses_its_own_answers_alone() {
    on_many_schedules(|| {
        let trial = Trial::new(Limits { group_max: 1, ..LIMITS });
        let coalescer = trial.coalescer.clone();
        let panics = thread::spawn(move || assert_eq!(block_on(coalescer.submit(666)), Err(Unanswered::Lost)));
        trial.call(1..4);
        panics.join().expect("the caller whose group panics");
        trial.end();
    });
}

#[test]
fn a_full_queue_refuses_and_executes_nothing() {
    on_many_schedules(|| {
        let trial = Trial::new(Limits { waiting_max: 0, ..LIMITS });
        assert_eq!(block_on(trial.coalescer.submit(1)), Err(Unanswered::Full));
        assert_eq!(times(&trial.committed, 1), 0);
    });
}
