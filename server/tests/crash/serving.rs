//! The real process, killed while it receives notifications or a platform's requests.

use std::{collections::BTreeSet, fs::File, net::TcpListener, path::Path, process::Stdio, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, StatusCode},
};
use billing::{
    Order,
    clock::Entropy,
    store::{EntryFilter, PageRequest},
};
use futures::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use server::{stripe::event::EVENT_TYPES, system::SystemEntropy};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::{sleep, timeout},
};

use crate::{
    database::Kind,
    double::Double,
    receiver::Receiver,
    scenario::Place,
    shop::{Call, KEY, Shop},
    trial::Bench,
};

const TIMEOUT: Duration = Duration::from_secs(20);
const PURCHASES: usize = 20;
/// A platform's senders, and how many requests each makes, one after another.
const SENDERS: usize = 8;
const REQUESTS: usize = 30;
const KILLS: u32 = 3;
const SECRET: &str = "whsec_crash";

/// An address that the restarted process can use again: its port is below the range of outgoing connections.
fn lasting_address() -> String {
    let ports =
        (0..100).map(|_| 10_000 + u16::from_be_bytes([SystemEntropy.bytes()[0], SystemEntropy.bytes()[1]]) % 20_000);
    let mut free = ports.filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    format!("127.0.0.1:{}", free.next().expect("some port is free"))
}

/// Creates the front end's files that the process requires, in the default folder.
fn make_site(folder: &Path) {
    let pkg = folder.join("target/site/pkg");
    std::fs::create_dir_all(&pkg).unwrap();
    for name in ["shop.js", "shop.wasm", "shop.css"] {
        std::fs::write(pkg.join(name), "").unwrap();
    }
}

/// Starts the process, and waits until it serves.
async fn start(folder: &Path, database_url: &str, double: &Double, address: &str) -> Child {
    let variables = [
        ("LISTEN_ADDR", address),
        ("ADMIN_ADDR", "127.0.0.1:0"),
        ("DATABASE_URL", database_url),
        ("STRIPE_SECRET_KEY", KEY),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_API_BASE", &double.url),
        ("OPEN_PURCHASES_MAX", "1000000"),
        ("ORDERS_PER_MINUTE_MAX", "1000000"),
        ("WEBHOOK_ALLOW_PRIVATE", "yes"),
    ];
    make_site(folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.env_clear().envs(variables).current_dir(folder).kill_on_drop(true);
    let log = File::options().append(true).create(true).open(folder.join("log")).unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::from(log)).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().unwrap_or_default();
    let log = || std::fs::read_to_string(folder.join("log")).unwrap();
    assert_eq!(first, format!("IZA Credits: http://{address}/"), "{}", log());
    // Reads the later output, because a full pipe would block the process.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}

/// Pays and partly refunds many purchases concurrently, while the process that receives the notifications is killed and
/// restarted. In the end each purchase is credited once, less its refund.
pub async fn play_payments(bench: &Bench, kind: Kind) {
    let double = bench.double().await;
    let database = bench.database(kind).await;
    let url = database.url();
    let shop = Shop::open(&url, &double.url, SignedDuration::ZERO, None).await;
    let mut sessions = Vec::new();
    let mut callers = Vec::new();
    for _ in 0..PURCHASES {
        let principal = shop.customer().await;
        let purchase = shop.billing.order(&principal, Order::of("credits_5")).await.unwrap();
        sessions.push(purchase.checkout.unwrap().provider_ref);
        callers.push(principal);
    }

    let folder = TempDir::new().unwrap();
    let address = lasting_address();
    let mut server = start(folder.path(), &url, &double, &address).await;
    double.set_webhook(&format!("http://{address}/billing/webhook"), SECRET).await;
    let pour = async {
        for session in &sessions {
            double.control(&format!("/sessions/{session}/pay"), json!({})).await;
            double.control("/refunds", json!({"session": session, "amount": 300})).await;
        }
    };
    let kill = async {
        for _ in 0..KILLS {
            sleep(Duration::from_millis(60)).await;
            server.kill().await.unwrap();
            server = start(folder.path(), &url, &double, &address).await;
        }
    };
    tokio::join!(pour, kill);
    double.idle().await;
    server.kill().await.unwrap();

    let stored = shop.store.events(None, 1_000).await.unwrap();
    let acted_upon = stored.iter().filter(|event| EVENT_TYPES.contains(&event.event_type.as_str())).count();
    assert_eq!(acted_upon, 3 * PURCHASES, "each was answered, so each is stored");

    // Reopens with a later clock, when all deferred events are due.
    shop.close().await;
    let shop = Shop::open(&url, &double.url, SignedDuration::from_hours(1), None).await;
    shop.reconcile().await;
    for principal in &callers {
        let page = PageRequest { limit: 10, older_than: None };
        assert_eq!(shop.store.purchases(principal.tenant_id, page).await.unwrap().len(), 1);
        let balance = shop.store.balance(principal.tenant_id).await.unwrap();
        assert_eq!((balance.credits.0, balance.seq), (3, 2), "credited once, and taken once");
    }
    let books = double.books().await;
    assert_eq!(books.len(), PURCHASES);
    assert!(books.iter().all(|line| line["net"] == 399), "{books:?}");
    shop.close().await;
    database.remove().await;
    bench.give_back(double);
}

/// Spends and grants at once, while the process is killed and restarted. A sender repeats a request with its key until it
/// is answered. In the end each key has one effect, which is the answered one, and the platform has heard of each.
pub async fn play_platform(bench: &Bench, kind: Kind) {
    let double = bench.double().await;
    let database = bench.database(kind).await;
    let url = database.url();
    let shop = Shop::open(&url, &double.url, SignedDuration::ZERO, None).await;
    let (receiver, principal) = (Receiver::start().await, shop.customer().await);
    let place = Place { shop: &shop, double: &double, receiver: &receiver, principal: &principal };
    let call = place.platform().await;
    place.done(&call("grants", r#"{"credits": 1000, "reason": "to begin with"}"#, "first")).await;

    let folder = TempDir::new().unwrap();
    let address = lasting_address();
    let mut server = start(folder.path(), &url, &double, &address).await;
    let senders = (0..SENDERS).map(|sender| {
        let (call, address) = (&call, &address);
        async move {
            let mut answers = Vec::new();
            for number in 0..REQUESTS {
                let key = format!("{sender}-{number}");
                let (path, body, object) = if number % 2 == 0 {
                    ("spends", r#"{"credits": 3}"#, "spend")
                } else {
                    ("grants", r#"{"credits": 2, "reason": "welcome"}"#, "grant")
                };
                answers.push(ask(address, &call(path, body, &key)).await[object]["id"].clone());
            }
            answers
        }
    });
    let kill = async {
        for _ in 0..KILLS {
            sleep(Duration::from_millis(150)).await;
            server.kill().await.unwrap();
            server = start(folder.path(), &url, &double, &address).await;
        }
    };
    let (answers, ()) = tokio::join!(join_all(senders), kill);
    server.kill().await.unwrap();

    let answered: Vec<String> = answers.iter().flatten().map(|id| id.as_str().unwrap().to_owned()).collect();
    let filter = EntryFilter { limit: 1_000, ..EntryFilter::default() };
    let entries = shop.store.described_entries(principal.tenant_id, &filter).await.unwrap();
    let (first, rest) = entries.split_last().unwrap();
    let booked: Vec<String> = rest.iter().map(|described| described.entry.booked.source.id()).collect();
    assert_eq!(booked.len(), SENDERS * REQUESTS, "each key has one effect");
    assert_eq!(booked.into_iter().collect::<BTreeSet<_>>(), answered.into_iter().collect(), "the one it was answered");
    assert_eq!((first.entry.balance_after.0, entries[0].entry.balance_after.0), (1_000, 1_000 - 120 * 3 + 120 * 2));

    // Reopens with a later clock, when what the killed processes had claimed is due again.
    shop.close().await;
    let shop = Shop::open(&url, &double.url, SignedDuration::from_hours(1), None).await;
    shop.deliver_webhooks().await;
    let told: BTreeSet<String> = receiver.received().into_iter().map(|(id, _)| id).collect();
    assert_eq!(told.len(), 1 + SENDERS * REQUESTS / 2, "the platform hears of each grant");
    shop.close().await;
    database.remove().await;
    bench.give_back(double);
}

/// Sends a request until it is answered.
async fn ask(address: &str, call: &Call) -> Value {
    let client: Client<HttpConnector, Full<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let ask = async || {
        let request = Request::post(format!("http://{address}{}", call.path))
            .header("authorization", format!("Bearer {}", call.api_key))
            .header("content-type", "application/json")
            .header("idempotency-key", &call.idempotency_key)
            .body(Full::from(call.body.clone()));
        let answer = client.request(request.unwrap()).await.ok()?;
        let status = answer.status();
        Some((status, answer.into_body().collect().await.ok()?.to_bytes()))
    };
    let answer = async {
        loop {
            match ask().await {
                Some((StatusCode::CREATED, body)) => return serde_json::from_slice(&body).unwrap(),
                None | Some((StatusCode::SERVICE_UNAVAILABLE, _)) => sleep(Duration::from_millis(20)).await,
                Some((status, body)) => panic!("{status}: {}", String::from_utf8_lossy(&body)),
            }
        }
    };
    timeout(TIMEOUT, answer).await.expect("it is answered")
}
