//! Requests whose answers can overtake one another.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};

/// Sends requests of which the newest counts: the answer to an earlier one is dropped, whenever it comes.
#[derive(Clone, Copy)]
pub(super) struct Latest(StoredValue<u32>);

impl Latest {
    pub(super) fn new() -> Self {
        Self(StoredValue::new(0))
    }

    /// Sends a request, and hands over its answer unless another one was sent meanwhile.
    pub(super) fn send<T>(self, request: impl Future<Output = T> + 'static, answered: impl FnOnce(T) + 'static) {
        let number = self.cancel();
        spawn_local(async move {
            let answer = request.await;
            if self.is(number) {
                answered(answer);
            }
        });
    }

    /// Whether nothing was sent or cancelled since that number was given.
    pub(super) fn is(self, number: u32) -> bool {
        self.0.try_get_value() == Some(number)
    }

    /// Drops the answers to all requests so far. Gives a number of its own.
    pub(super) fn cancel(self) -> u32 {
        let next = self.0.get_value().wrapping_add(1);
        self.0.set_value(next);
        next
    }
}
