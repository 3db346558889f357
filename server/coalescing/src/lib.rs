//! Requests that arrive together are executed together.
//!
//! While a group runs, further requests wait, and make up the next group. A request that comes when nothing runs starts at
//! once and alone: nothing waits on purpose. Groups run in tasks of their own, so a caller that gives up takes nothing from
//! the others of its group, and each answer is given when its group has ended.

#[cfg(test)]
mod tests;

#[cfg(not(test))]
use std::sync::{Arc, Mutex};
use std::{collections::VecDeque, panic::AssertUnwindSafe, sync::PoisonError};

use futures::{FutureExt, future::BoxFuture};
#[cfg(test)]
use shuttle::sync::{Arc, Mutex};
use tokio::sync::oneshot;

/// How much runs and waits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most requests in a group; at least 1.
    pub group_max: usize,
    /// The most groups that run at the same time; at least 1.
    pub groups_max: usize,
    /// The most requests that wait.
    pub waiting_max: usize,
}

/// Why a request has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Too many requests wait; this one was not executed.
    #[error("too many requests wait")]
    Full,
    /// Its group panicked or was stopped; whether it was executed is not known.
    #[error("the group of the request has ended without an answer")]
    Lost,
}

type Run<R, A> = Box<dyn Fn(Vec<R>) -> BoxFuture<'static, Vec<A>> + Send + Sync>;
type Spawn = Box<dyn Fn(BoxFuture<'static, ()>) + Send + Sync>;

/// Gathers requests into groups.
pub struct Coalescer<R, A>(Arc<Shared<R, A>>);

struct Shared<R, A> {
    limits: Limits,
    run: Run<R, A>,
    spawn: Spawn,
    queue: Mutex<Queue<R, A>>,
}

struct Queue<R, A> {
    waiting: VecDeque<(R, oneshot::Sender<A>)>,
    /// How many tasks take groups from the queue.
    running: usize,
}

impl<R: Send + 'static, A: Send + 'static> Coalescer<R, A> {
    /// `run` executes a group and gives an answer for each request, in their order; `spawn` starts a task.
    pub fn new(
        limits: Limits,
        spawn: impl Fn(BoxFuture<'static, ()>) + Send + Sync + 'static,
        run: impl Fn(Vec<R>) -> BoxFuture<'static, Vec<A>> + Send + Sync + 'static,
    ) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), running: 0 });
        Self(Arc::new(Shared { limits, run: Box::new(run), spawn: Box::new(spawn), queue }))
    }

    /// Executes a request, together with those that wait beside it. Once it waits, it is executed even if the caller is
    /// gone.
    pub async fn submit(&self, request: R) -> Result<A, Unanswered> {
        let (reply, answer) = oneshot::channel();
        if self.0.enqueue(request, reply)? {
            let shared = self.0.clone();
            (self.0.spawn)(Box::pin(async move { shared.run_groups().await }));
        }
        answer.await.map_err(|_| Unanswered::Lost)
    }
}

impl<R, A> Shared<R, A> {
    /// Tells whether one more task is to take groups.
    fn enqueue(&self, request: R, reply: oneshot::Sender<A>) -> Result<bool, Unanswered> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.len() >= self.limits.waiting_max {
            return Err(Unanswered::Full);
        }
        queue.waiting.push_back((request, reply));
        let more = queue.running < self.limits.groups_max;
        queue.running += usize::from(more);
        Ok(more)
    }

    /// Takes the next group; with none left, the task is counted as ended under the same lock, so that no request is
    /// enqueued in between and waits for nobody.
    fn next_group(&self) -> Option<(Vec<R>, Vec<oneshot::Sender<A>>)> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.is_empty() {
            queue.running -= 1;
            return None;
        }
        let size = queue.waiting.len().min(self.limits.group_max);
        Some(queue.waiting.drain(..size).unzip())
    }

    async fn run_groups(&self) {
        while let Some((requests, replies)) = self.next_group() {
            // A panic loses the answers of its own group alone: dropped replies say so.
            let Ok(answers) = AssertUnwindSafe((self.run)(requests)).catch_unwind().await else { continue };
            for (reply, answer) in replies.into_iter().zip(answers) {
                // An error means that the caller is gone.
                let _ = reply.send(answer);
            }
        }
    }
}
