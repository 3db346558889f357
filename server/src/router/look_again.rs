//! A page that waits is looked at again and again, not only when it is woken.
//!
//! In `reactive_graph` 0.2.16, a resource that has just loaded answers "not yet" while its value is still being written,
//! and keeps no waker (`computed/async_derived/future_impls.rs`, the arm for a pending value). A page that asks at that
//! very moment is never woken again. This mends that one place; with many threads at once, renderings have been seen to
//! hang in spite of it, for a cause that is not known yet.

use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use axum::{body::Body, extract::Request, middleware::Next, response::Response};
use futures::{Future, StreamExt, stream};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// How long a page that was not woken may wait.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Looks again at a page that waits, both before it begins to answer and while it does.
pub(super) async fn look_again(request: Request, next: Next) -> Response {
    let mut timer = timer();
    let mut response = pin!(next.run(request));
    let response = poll_fn(|cx| {
        loop {
            if let Poll::Ready(response) = response.as_mut().poll(cx) {
                return Poll::Ready(response);
            }
            if timer.poll_tick(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
    response.map(|body| {
        let mut chunks = body.into_data_stream();
        Body::from_stream(stream::poll_fn(move |cx| {
            loop {
                if let Poll::Ready(chunk) = chunks.poll_next_unpin(cx) {
                    return Poll::Ready(chunk);
                }
                if timer.poll_tick(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        }))
    })
}

fn timer() -> Interval {
    let mut timer = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
    timer.set_missed_tick_behavior(MissedTickBehavior::Delay);
    timer
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, sync::atomic::AtomicBool, sync::atomic::Ordering, task::Context};

    use axum::{Router, middleware::from_fn, routing::get};
    use tower::ServiceExt;

    use super::*;

    /// Ready at the second look, and wakes nobody.
    fn forgetful(looked: &AtomicBool, _: &mut Context<'_>) -> Poll<()> {
        if looked.swap(true, Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    }

    #[tokio::test]
    async fn a_page_that_nobody_wakes_is_answered_all_the_same() {
        let page = get(async || {
            let looked = AtomicBool::new(false);
            poll_fn(|cx| forgetful(&looked, cx)).await;
            let looked = AtomicBool::new(false);
            let mut said = false;
            Body::from_stream(stream::poll_fn(move |cx| {
                let ready = forgetful(&looked, cx);
                ready.map(|()| (!std::mem::replace(&mut said, true)).then_some(Ok::<_, Infallible>("page")))
            }))
        });
        let router = Router::new().route("/", page).layer(from_fn(look_again));
        let answer = router.oneshot(Request::get("/").body(Body::empty()).unwrap());
        let read = async { axum::body::to_bytes(answer.await.unwrap().into_body(), 100).await.unwrap() };
        let body = tokio::time::timeout(Duration::from_secs(10), read).await.unwrap();
        assert_eq!(&body[..], b"page");
    }
}
