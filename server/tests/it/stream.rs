//! The balance stream.

use std::time::Duration;

use axum::{body::Body, http::StatusCode};
use billing::wallet::Details;
use futures::StreamExt;
use http_body_util::BodyDataStream;
use tokio::time::{Instant, timeout};

use crate::{
    shop::{Client, TestShop, bare},
    wallet_pages::Spender,
};

on_both_databases!(
    the_balance_comes_at_once_and_upon_each_change,
    another_tenants_change_is_not_told,
    a_stream_ends_when_the_process_stops,
    a_stream_ends_when_the_customer_signs_out,
    a_browser_that_comes_back_is_told_what_it_does_not_know,
    a_purchase_that_moves_no_balance_is_told,
    of_too_many_streams_the_oldest_end,
    the_balance_moves_at_everything_that_a_platform_does,
    a_hold_that_ends_by_itself_is_told_at_its_end,
);

struct Stream {
    body: BodyDataStream<Body>,
    unread: String,
    last_id: Option<String>,
}

impl Stream {
    async fn open(visitor: &Client) -> Self {
        Self::open_again(visitor, None).await
    }

    /// Reconnects like a browser whose last event had this id.
    async fn open_again(visitor: &Client, last_id: Option<&str>) -> Self {
        let mut request = bare(axum::http::Method::GET, "/billing/balance/stream");
        if let Some(id) = last_id {
            request.headers_mut().insert("Last-Event-ID", id.parse().unwrap());
        }
        let response = visitor.start(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(!response.headers().contains_key("content-encoding"));
        Self { body: BodyDataStream::new(response.into_body()), unread: String::new(), last_id: None }
    }

    /// The next event's name and data; `None` when the stream ends.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(end) = self.unread.find("\n\n") {
                let event = self.unread.drain(..end + 2).collect::<String>();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                if let Some(data) = field("data: ") {
                    self.last_id = field("id: ").or(self.last_id.take());
                    return Some((field("event: ").unwrap_or_default(), data));
                }
                continue;
            }
            let chunk = self.body.next().await?.unwrap();
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Asserts the next event.
    async fn expect_event(&mut self, name: &str, data: &str) {
        let next = timeout(Duration::from_secs(1), self.next()).await.expect("within a second");
        assert_eq!(next, Some((name.to_owned(), data.to_owned())));
    }

    /// Asserts the next balance; events about the purchases may come first.
    async fn expect(&mut self, credits: i64) {
        let balance = async {
            loop {
                match self.next().await {
                    Some((name, data)) if name.is_empty() => return data,
                    Some((name, _)) if name == "purchases" => {}
                    other => panic!("{other:?}"),
                }
            }
        };
        let balance = timeout(Duration::from_secs(1), balance).await.expect("within a second");
        let balance: serde_json::Value = serde_json::from_str(&balance).unwrap();
        assert_eq!(balance["credits"], credits, "{balance}");
    }

    /// Asserts that no event comes for a while.
    async fn expect_silence(&mut self) {
        let news = timeout(Duration::from_millis(500), self.next()).await;
        assert!(news.is_err(), "{news:?}");
    }

    /// Asserts that the stream ends, possibly after further events.
    async fn expect_end(&mut self) {
        let ended = async { while self.next().await.is_some() {} };
        timeout(Duration::from_secs(1), ended).await.expect("within a second");
    }
}

async fn the_balance_comes_at_once_and_upon_each_change(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut tabs = [Stream::open(&kim).await, Stream::open(&kim).await];
    for tab in &mut tabs {
        tab.expect(0).await;
    }
    kim.buy("credits_5").await;
    for tab in &mut tabs {
        tab.expect(5).await;
    }
    kim.buy("iza_pass").await;
    for tab in &mut tabs {
        tab.expect(7).await;
    }
}

async fn another_tenants_change_is_not_told(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let lee = shop.customer("lee@example.com").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0).await;
    stream.expect_event("purchases", r#"{"changes":0}"#).await;
    lee.buy("credits_10").await;
    stream.expect_silence().await;
}

async fn a_stream_ends_when_the_process_stops(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0).await;
    shop.state.shutdown.cancel();
    stream.expect_end().await;
}

async fn a_stream_ends_when_the_customer_signs_out(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let elsewhere = shop.visitor();
    elsewhere
        .post("/auth/session", &serde_json::json!({"email": "kim@example.com", "password": crate::shop::PASSWORD}))
        .await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0).await;
    assert_eq!(kim.delete("/auth/session").await.status, StatusCode::NO_CONTENT);
    // The other browser stays signed in. Its purchase is not sent to the one that has signed out.
    elsewhere.buy("credits_5").await;
    stream.expect_end().await;
}

async fn a_browser_that_comes_back_is_told_what_it_does_not_know(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    for last in [None, Some("0"), Some("nonsense"), Some("0.0"), Some("999.999")] {
        let mut stream = Stream::open_again(&kim, last).await;
        stream.expect(5).await;
        let (name, _) = stream.next().await.unwrap();
        assert_eq!(name, "purchases");
    }
    let mut stream = Stream::open(&kim).await;
    stream.expect(5).await;
    stream.next().await;
    let known = stream.last_id.clone().unwrap();
    Stream::open_again(&kim, Some(&known)).await.expect_silence().await;
    kim.order("credits_1").await;
    let (name, _) = Stream::open_again(&kim, Some(&known)).await.next().await.unwrap();
    assert_eq!(name, "purchases", "an order moves no balance");
    kim.buy("credits_1").await;
    Stream::open_again(&kim, Some(&known)).await.expect(6).await;
}

async fn a_purchase_that_moves_no_balance_is_told(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect(0).await;
    stream.expect_event("purchases", r#"{"changes":0}"#).await;
    let order = kim.order("credits_5").await;
    let ordered = timeout(Duration::from_secs(1), stream.next()).await.expect("within a second");
    assert_eq!(ordered.map(|(name, _)| name).as_deref(), Some("purchases"));
    let mut failed = crate::customer::completed("evt_1", &order, 699);
    failed["type"] = "checkout.session.expired".into();
    failed["data"]["object"]["status"] = "expired".into();
    failed["data"]["object"]["payment_status"] = "unpaid".into();
    assert_eq!(shop.notify(&failed).await.status, StatusCode::OK);
    assert_eq!(kim.purchases().await[0]["status"], "FAILED");
    let (name, _) = timeout(Duration::from_secs(1), stream.next()).await.expect("within a second").unwrap();
    assert_eq!(name, "purchases");
}

async fn of_too_many_streams_the_oldest_end(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut tabs = Vec::new();
    for _ in 0..10 {
        let mut tab = Stream::open(&kim).await;
        tab.expect(0).await;
        tab.expect_event("purchases", r#"{"changes":0}"#).await;
        tabs.push(tab);
    }
    let newest = tabs.split_off(7);
    for mut tab in tabs {
        tab.expect_event("replaced", "{}").await;
        tab.expect_end().await;
    }
    kim.buy("credits_5").await;
    for mut tab in newest {
        tab.expect(5).await;
    }
    // Closed streams have freed their slots.
    let mut tab = Stream::open(&kim).await;
    tab.expect(5).await;
    for _ in 0..2 {
        Stream::open(&kim).await.expect(5).await;
    }
    shop.customer("lee@example.com").await;
    assert_eq!(tab.next().await.map(|(name, _)| name).as_deref(), Some("purchases"));
    tab.expect_silence().await;
}

impl Stream {
    /// The next news of the credits is this: balance and what is held.
    async fn expect_funds(&mut self, credits: i64, held: i64) {
        let told = async {
            loop {
                match self.next().await {
                    Some((name, data)) if name.is_empty() => return data,
                    Some(_) => {}
                    None => panic!("the stream has ended"),
                }
            }
        };
        let told = timeout(Duration::from_secs(2), told).await.expect("within two seconds");
        let available = credits - held;
        assert_eq!(told, format!(r#"{{"credits":{credits},"held":{held},"available":{available}}}"#));
    }
}

async fn the_balance_moves_at_everything_that_a_platform_does(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect_funds(0, 0).await;
    everything(&spender, &mut stream).await;
}

async fn everything(spender: &Spender, stream: &mut Stream) {
    spender.grant(20, "Willkommen!").await;
    stream.expect_funds(20, 0).await;
    let spend = spender.spend(5, Details::default()).await;
    stream.expect_funds(15, 0).await;
    let hold = spender.hold(4, 600, Details::default()).await;
    stream.expect_funds(15, 4).await;
    spender.capture(hold, 3).await;
    stream.expect_funds(12, 0).await;
    let hold = spender.hold(6, 600, Details::default()).await;
    stream.expect_funds(12, 6).await;
    spender.release(hold).await;
    stream.expect_funds(12, 0).await;
    spender.reverse(spend, 2, "leer").await;
    stream.expect_funds(14, 0).await;
}

async fn a_hold_that_ends_by_itself_is_told_at_its_end(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let spender = Spender::of(&shop, "kim@example.com").await;
    spender.grant(20, "Willkommen!").await;
    let mut stream = Stream::open(&kim).await;
    stream.expect_funds(20, 0).await;
    spender.hold(4, 1, Details::default()).await;
    stream.expect_funds(20, 4).await;
    // A browser that comes back after the end hears of it, too.
    let known = stream.last_id.clone().unwrap();
    stream.expect_funds(20, 0).await;
    Stream::open_again(&kim, Some(&known)).await.expect_funds(20, 0).await;
}

/// Two processes on one database.
#[tokio::test]
async fn postgres_tells_other_processes_what_a_platform_does() {
    let database = store_postgres::testing::TestDatabase::create().await.unwrap();
    let (one, other) = (TestShop::open(&database.url()).await, TestShop::open(&database.url()).await);
    let kim = one.customer("kim@example.com").await;
    let spender = Spender::of(&one, "kim@example.com").await;
    let there = Client { shop: other.clone(), cookies: kim.cookies.clone() };
    let mut stream = Stream::open(&there).await;
    stream.expect_funds(0, 0).await;
    everything(&spender, &mut stream).await;
    database.remove().await.unwrap();
}

/// Two processes on one database.
#[tokio::test]
async fn postgres_tells_other_processes() {
    let database = store_postgres::testing::TestDatabase::create().await.unwrap();
    let (one, other) = (TestShop::open(&database.url()).await, TestShop::open(&database.url()).await);
    let kim = one.customer("kim@example.com").await;
    let there = Client { shop: other.clone(), cookies: kim.cookies.clone() };
    let mut stream = Stream::open(&there).await;
    stream.expect(0).await;
    let start = Instant::now();
    kim.buy("credits_5").await;
    stream.expect(5).await;
    assert!(start.elapsed() < Duration::from_secs(2));
    database.remove().await.unwrap();
}
