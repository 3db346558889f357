//! An executor that interleaves tasks by a schedule, and can drop each after a number of polls.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::future::BoxFuture;

/// A future that is interleaved with others.
pub(super) struct Task<T> {
    pub future: BoxFuture<'static, T>,
    /// The number of polls after which it is dropped, as if the process crashed; `None` lets it finish.
    pub polls_left: Option<u8>,
}

/// Runs tasks concurrently. Each item of the schedule says whether the next task in the round is polled; once the
/// schedule has run out, every task is. Returns the outputs of the tasks that finished.
pub(super) struct Interleaved<T, S> {
    tasks: Vec<Task<T>>,
    schedule: S,
    outputs: Vec<T>,
}

impl<T, S> Interleaved<T, S> {
    pub fn new(tasks: Vec<Task<T>>, schedule: S) -> Self {
        Self { tasks, schedule, outputs: Vec::new() }
    }
}

impl<T: Unpin, S: Iterator<Item = bool> + Unpin> Future for Interleaved<T, S> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        let Self { tasks, schedule, outputs } = &mut *self;
        tasks.retain_mut(|Task { future, polls_left }| {
            if !schedule.next().unwrap_or(true) {
                context.waker().wake_by_ref();
                return true;
            }
            if let Some(left) = polls_left {
                let Some(fewer) = left.checked_sub(1) else { return false };
                *left = fewer;
                context.waker().wake_by_ref();
            }
            match future.as_mut().poll(context) {
                Poll::Ready(output) => {
                    outputs.push(output);
                    false
                }
                Poll::Pending => true,
            }
        });
        if tasks.is_empty() { Poll::Ready(std::mem::take(outputs)) } else { Poll::Pending }
    }
}
