//! Requests whose answers can arrive out of order.

use std::future::Future;

use leptos::{prelude::*, task::spawn_local};

/// Sends requests, and drops the answers to all but the newest.
#[derive(Clone, Copy)]
pub(super) struct Latest(StoredValue<u32>);

impl Latest {
    pub(super) fn new() -> Self {
        Self(StoredValue::new(0))
    }

    /// Sends a request, and passes its answer on unless another request was sent in the meantime.
    pub(super) fn send<T>(self, request: impl Future<Output = T> + 'static, answered: impl FnOnce(T) + 'static) {
        let number = self.cancel();
        spawn_local(async move {
            let answer = request.await;
            if self.is(number) {
                answered(answer);
            }
        });
    }

    /// Whether nothing was sent or cancelled since this number was returned.
    pub(super) fn is(self, number: u32) -> bool {
        self.0.try_get_value() == Some(number)
    }

    /// Drops the answers to all requests so far. Returns a new number.
    pub(super) fn cancel(self) -> u32 {
        let next = self.0.get_value().wrapping_add(1);
        self.0.set_value(next);
        next
    }
}
