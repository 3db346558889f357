//! A real process whose database stops answering, and answers again.

use std::time::Duration;

use billing::clock::Clock as _;
use serde_json::{Value, json};
use server::system::SystemClock;
use store_postgres::testing::TestDatabase;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::{
    half_open::{Proxy, call, request},
    listeners::{free_port, get},
    process::{started, terminate},
    shop::sign,
};

/// One second until the first probe and two for its answer, with some slack.
const NOTICED_WITHIN: Duration = Duration::from_secs(4);
const AT_ONCE: Duration = Duration::from_millis(50);
const BACK_WITHIN: Duration = Duration::from_secs(1);
const SECRET: &str = "whsec_1";

/// The requests whose answers are measured.
struct Caller {
    address: String,
    cookie: String,
}

impl Caller {
    /// Sends a request. Returns status, answer and duration.
    async fn timed(&self, what: &str) -> (u16, String, Duration) {
        let began = Instant::now();
        let answer = match what {
            "webhook" => {
                let event = json!({"id": "evt_1", "object": "event", "type": "charge.updated", "livemode": false,
                    "data": {"object": {"id": "ch_1", "object": "charge"}}});
                let event = event.to_string();
                let signature = sign(SECRET, SystemClock.now().as_second(), event.as_bytes());
                request(
                    &self.address,
                    "POST",
                    "/billing/webhook",
                    &format!("Stripe-Signature: {signature}\r\n"),
                    &event,
                )
                .await
            }
            path => call(&self.address, "GET", path, &self.cookie, &Value::Null).await,
        };
        let (status, answer) = answer.expect("an answer");
        (status, answer, began.elapsed())
    }
}

#[tokio::test]
async fn a_frozen_database_keeps_the_first_alone_waiting_and_the_shop_is_back_within_a_second() {
    let database = TestDatabase::create().await.unwrap();
    database.store().await.unwrap().close().await;
    let proxy = Proxy::start(&database.url()).await;
    let folder = TempDir::new().unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let variables = [("DATABASE_URL", &*proxy.url), ("STRIPE_WEBHOOK_SECRET", SECRET), ("ADMIN_ADDR", &*admin)];
    let (mut child, address, _) = started(folder.path(), &variables).await;
    let credentials = json!({"email": "demo@example.com", "password": "demo-credits"});
    let (_, answer) = call(&address, "POST", "/auth/session", "", &credentials).await.unwrap();
    let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let principal = Caller { address, cookie };
    let all = ["/", "/account", "/billing/balance", "webhook", "/readyz"];
    for what in all {
        assert_eq!(principal.timed(what).await.0, 200, "{what}");
    }
    assert!(get(&admin, "/metrics").await.contains("database_circuit_open 0"));

    proxy.swallow_all();
    let first = futures::future::join_all(all.map(|what| principal.timed(what))).await;
    for (what, (status, answer, took)) in all.iter().zip(first) {
        // `/readyz` caches its answer for a second.
        assert!(status == 503 || *what == "/readyz", "{what}: {answer}");
        assert!(took < NOTICED_WITHIN, "{what}: {took:?}");
    }
    assert!(get(&admin, "/metrics").await.contains("database_circuit_open 1"));
    sleep(Duration::from_millis(500)).await;
    for _ in 0..10 {
        for what in all {
            let (status, answer, took) = principal.timed(what).await;
            assert!(status == 503 && answer.contains("\r\nretry-after: "), "{what}: {answer}");
            assert!(took < AT_ONCE, "{what}: {took:?}");
        }
        sleep(Duration::from_millis(100)).await;
    }

    proxy.pass_new();
    let began = Instant::now();
    for what in all {
        while principal.timed(what).await.0 != 200 {
            sleep(Duration::from_millis(20)).await;
        }
        assert!(began.elapsed() < BACK_WITHIN, "{what}: {:?}", began.elapsed());
    }
    assert!(get(&admin, "/metrics").await.contains("database_circuit_open 0"));
    assert_eq!(terminate(&mut child).await, Some(0));
    database.remove().await.unwrap();
}
