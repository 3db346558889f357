//! Several futures at once, in an order that a test decides, and cut short where it says.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures::future::BoxFuture;

/// One of them.
pub(super) struct Running<T> {
    pub step: BoxFuture<'static, T>,
    /// How many turns it gets; then it is dropped, as in a process that crashes. `None` lets it end.
    pub turns_left: Option<u8>,
}

/// All of them. The schedule says, turn by turn, who is let go on; once it has run out, everybody is. Gives what came of
/// those that ended.
pub(super) struct AtOnce<T, S> {
    running: Vec<Running<T>>,
    schedule: S,
    done: Vec<T>,
}

impl<T, S> AtOnce<T, S> {
    pub fn new(running: Vec<Running<T>>, schedule: S) -> Self {
        Self { running, schedule, done: Vec::new() }
    }
}

impl<T: Unpin, S: Iterator<Item = bool> + Unpin> Future for AtOnce<T, S> {
    type Output = Vec<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Vec<T>> {
        let Self { running, schedule, done } = &mut *self;
        running.retain_mut(|Running { step, turns_left }| {
            if !schedule.next().unwrap_or(true) {
                context.waker().wake_by_ref();
                return true;
            }
            if let Some(left) = turns_left {
                let Some(fewer) = left.checked_sub(1) else { return false };
                *left = fewer;
                context.waker().wake_by_ref();
            }
            match step.as_mut().poll(context) {
                Poll::Ready(outcome) => {
                    done.push(outcome);
                    false
                }
                Poll::Pending => true,
            }
        });
        if running.is_empty() { Poll::Ready(std::mem::take(done)) } else { Poll::Pending }
    }
}
