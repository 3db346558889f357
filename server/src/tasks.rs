//! Background tasks: each repeats one job, in rounds of limited time.
//!
//! A round that exceeds its limit, for example because the database does not answer, is dropped, counted and logged,
//! and the next one starts. A task that completes no round for too long makes `/readyz` answer 503 with the task's
//! name.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use billing::clock::Clock;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How much later than expected a round may end before its task is late.
const SLACK: Duration = Duration::from_secs(15);

/// What follows a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// No more work for now: the next round starts after the job's period.
    Wait,
    /// There may be more work: the next round starts at once.
    AtOnce,
}

type Round = Pin<Box<dyn Future<Output = Next> + Send>>;

/// A job that repeats.
pub struct Job {
    /// The task's name in the log, in metrics and in `/readyz`.
    pub name: &'static str,
    /// The time from the start of one round to the start of the next, if there is no more work.
    pub period: Duration,
    /// The timeout of a round.
    pub time_max: Duration,
    /// Runs one round, which logs its own errors.
    round: Box<dyn Fn() -> Round + Send + Sync>,
}

impl Job {
    /// A job that calls `round` every `period`.
    pub fn new<F, R>(name: &'static str, period: Duration, time_max: Duration, round: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = Next> + Send + 'static,
    {
        Self { name, period, time_max, round: Box::new(move || Box::pin(round())) }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish_non_exhaustive()
    }
}

/// When each task of the process last completed a round. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TaskHealth(Arc<Mutex<Vec<Heartbeat>>>);

#[derive(Debug)]
struct Heartbeat {
    name: &'static str,
    last_round: Instant,
    late_after: Duration,
}

impl TaskHealth {
    /// The tasks that have completed no round for too long.
    pub fn late(&self) -> Vec<&'static str> {
        let now = Instant::now();
        let heartbeats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let late = heartbeats.iter().filter(|task| now.duration_since(task.last_round) > task.late_after);
        late.map(|task| task.name).collect()
    }

    fn begin(&self, job: &Job) {
        let heartbeat = Heartbeat {
            name: job.name,
            last_round: Instant::now(),
            // One round that hangs is dropped and logged; a second one in a row makes the task late.
            late_after: job.period + job.time_max + SLACK,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(heartbeat);
    }

    fn round_ended(&self, name: &str) {
        let mut heartbeats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = heartbeats.iter_mut().find(|task| task.name == name) {
            task.last_round = Instant::now();
        }
    }
}

/// The running tasks of a process.
pub struct Tasks {
    health: TaskHealth,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Tasks {
    /// Without tasks at first. They end at `shutdown`, after the current round.
    pub fn new(health: TaskHealth, clock: Arc<dyn Clock>, shutdown: CancellationToken) -> Self {
        Self { health, clock, shutdown, tracker: TaskTracker::new() }
    }

    /// Repeats a job, the first time at once.
    pub fn start(&self, job: Job) {
        self.health.begin(&job);
        metrics::counter!("task_restarts_total", "task" => job.name).absolute(0);
        self.tracker.spawn(repeat(job, self.health.clone(), self.clock.clone(), self.shutdown.clone()));
    }

    /// Waits until the current rounds have ended, at most for `time_max`.
    pub async fn stop(self, time_max: Duration) {
        self.tracker.close();
        if timeout(time_max, self.tracker.wait()).await.is_err() {
            tracing::warn!(open = self.tracker.len(), "background tasks were cut off");
        }
    }
}

async fn repeat(job: Job, health: TaskHealth, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
    let mut rounds = interval(job.period);
    rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            _ = rounds.tick() => {}
        }
        while !shutdown.is_cancelled() {
            let Some(next) = one_round(&job).await else {
                metrics::counter!("task_restarts_total", "task" => job.name).increment(1);
                break;
            };
            health.round_ended(job.name);
            #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; the loss is below a microsecond")]
            let now = clock.now().as_microsecond() as f64 / 1e6;
            metrics::gauge!("task_last_round_timestamp_seconds", "task" => job.name).set(now);
            if next == Next::Wait {
                break;
            }
        }
    }
}

/// Runs one round; `None` when it hung or panicked. It is a task of its own, so that neither ends the job.
async fn one_round(job: &Job) -> Option<Next> {
    let mut round = tokio::spawn((job.round)());
    match timeout(job.time_max, &mut round).await {
        Ok(Ok(next)) => Some(next),
        Ok(Err(error)) => {
            tracing::error!(task = job.name, %error, "a round of a background task failed; the next one follows");
            None
        }
        Err(_) => {
            round.abort();
            let seconds = job.time_max.as_secs();
            tracing::error!(
                task = job.name,
                seconds,
                "a round of a background task hung and was dropped; the next one follows"
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::system::SystemClock;

    fn tasks(shutdown: &CancellationToken) -> (Tasks, TaskHealth) {
        let health = TaskHealth::default();
        (Tasks::new(health.clone(), Arc::new(SystemClock), shutdown.clone()), health)
    }

    /// A job that counts its rounds, and whose first `bad` rounds fail.
    fn job(rounds: &Arc<AtomicU32>, bad: u32, panics: bool) -> Job {
        let rounds = rounds.clone();
        Job::new("test", Duration::from_secs(1), Duration::from_secs(10), move || {
            let number = rounds.fetch_add(1, Ordering::SeqCst);
            async move {
                if number < bad {
                    assert!(!panics, "on purpose");
                    std::future::pending::<()>().await;
                }
                Next::Wait
            }
        })
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_hangs_is_dropped_and_the_task_is_late_until_one_ends() {
        let (shutdown, rounds) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let (tasks, health) = tasks(&shutdown);
        tasks.start(job(&rounds, 4, false));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert_eq!((rounds.load(Ordering::SeqCst), health.late()), (2, vec![]));
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(health.late(), ["test"]);
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(rounds.load(Ordering::SeqCst) > 4);
        assert_eq!(health.late(), Vec::<&str>::new());
        shutdown.cancel();
        tasks.stop(Duration::from_secs(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_that_panics_takes_no_other_round_with_it() {
        let (shutdown, rounds) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let (tasks, health) = tasks(&shutdown);
        tasks.start(job(&rounds, 2, true));
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(rounds.load(Ordering::SeqCst) > 50);
        assert_eq!(health.late(), Vec::<&str>::new());
    }

    #[tokio::test(start_paused = true)]
    async fn stopping_does_not_wait_for_a_round_that_hangs() {
        let (shutdown, rounds) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let (tasks, _) = tasks(&shutdown);
        tasks.start(job(&rounds, u32::MAX, false));
        tokio::time::sleep(Duration::from_secs(5)).await;
        shutdown.cancel();
        let asked = Instant::now();
        tasks.stop(Duration::from_secs(3)).await;
        assert_eq!(asked.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_does_not_wait_for_the_period() {
        let (shutdown, rounds) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let (tasks, _) = tasks(&shutdown);
        let counted = rounds.clone();
        tasks.start(Job::new("test", Duration::from_hours(1), Duration::from_secs(10), move || {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            async move { if number < 99 { Next::AtOnce } else { Next::Wait } }
        }));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(rounds.load(Ordering::SeqCst), 100);
    }
}
