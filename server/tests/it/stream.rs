//! The live balance.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use futures::StreamExt;
use http_body_util::BodyDataStream;
use tokio::time::{Instant, timeout};

use crate::shop::{TestShop, Visitor, bare};

on_both_databases!(
    the_balance_comes_at_once_and_upon_each_change,
    another_tenants_change_is_not_told,
    a_stream_ends_when_the_process_stops,
    a_stream_ends_when_the_customer_signs_out,
    a_browser_that_comes_back_is_told_the_present_balance,
);

struct Stream {
    body: BodyDataStream<Body>,
    unread: String,
}

impl Stream {
    async fn open(visitor: &Visitor) -> Self {
        let response = visitor.start(bare(axum::http::Method::GET, "/billing/balance/stream")).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(!response.headers().contains_key("content-encoding"));
        Self { body: BodyDataStream::new(response.into_body()), unread: String::new() }
    }

    /// The next event's id and data; `None` when the stream ends.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(end) = self.unread.find("\n\n") {
                let event = self.unread.drain(..end + 2).collect::<String>();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(data) = field("data: ") {
                    return Some((field("id: ").unwrap(), data));
                }
                continue;
            }
            let chunk = self.body.next().await?.unwrap();
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn expect(&mut self, seq: u32, credits: i64) {
        let next = timeout(Duration::from_secs(1), self.next()).await.expect("within a second");
        assert_eq!(next, Some((seq.to_string(), format!(r#"{{"credits":{credits}}}"#))));
    }
}

async fn the_balance_comes_at_once_and_upon_each_change(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut tabs = [Stream::open(&kim).await, Stream::open(&kim).await];
    for tab in &mut tabs {
        tab.expect(0, 0).await;
    }
    kim.buy("credits_5").await;
    for tab in &mut tabs {
        tab.expect(1, 5).await;
    }
    kim.buy("iza_pass").await;
    for tab in &mut tabs {
        tab.expect(2, 7).await;
    }
}

async fn another_tenants_change_is_not_told(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let lee = shop.customer("lee@example.com").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0, 0).await;
    lee.buy("credits_10").await;
    assert!(timeout(Duration::from_millis(500), stream.next()).await.is_err());
}

async fn a_stream_ends_when_the_process_stops(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0, 0).await;
    shop.state.shutdown.cancel();
    assert_eq!(timeout(Duration::from_secs(1), stream.next()).await, Ok(None));
}

async fn a_stream_ends_when_the_customer_signs_out(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let elsewhere = shop.visitor();
    elsewhere
        .post("/auth/session", &serde_json::json!({"email": "kim@example.com", "password": crate::shop::PASSWORD}))
        .await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0, 0).await;
    assert_eq!(kim.delete("/auth/session").await.status, StatusCode::NO_CONTENT);
    // The other browser goes on, and what it buys is not told to the one that has signed out.
    elsewhere.buy("credits_5").await;
    assert_eq!(timeout(Duration::from_secs(1), stream.next()).await, Ok(None));
}

async fn a_browser_that_comes_back_is_told_the_present_balance(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    for last in ["0", "1", "999", "nonsense"] {
        let mut request = bare(axum::http::Method::GET, "/billing/balance/stream");
        request.headers_mut().insert("Last-Event-ID", last.parse().unwrap());
        let response = kim.start(request).await;
        let mut stream = Stream { body: BodyDataStream::new(response.into_body()), unread: String::new() };
        stream.expect(1, 5).await;
    }
}

/// Two processes on one database.
#[tokio::test]
async fn postgres_tells_other_processes() {
    let database = store_postgres::testing::TestDatabase::create().await.unwrap();
    let (one, other) = (TestShop::open(&database.url()).await, TestShop::open(&database.url()).await);
    let kim = one.customer("kim@example.com").await;
    let there = Visitor { shop: other.clone(), cookies: kim.cookies.clone() };
    let mut stream = Stream::open(&there).await;
    stream.expect(0, 0).await;
    let start = Instant::now();
    kim.buy("credits_5").await;
    stream.expect(1, 5).await;
    assert!(start.elapsed() < Duration::from_secs(2));
    database.remove().await.unwrap();
}
