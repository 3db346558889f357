//! The real process, killed while it receives notifications.

use std::{fs::File, net::TcpListener, path::Path, process::Stdio, time::Duration};

use billing::{Order, clock::Entropy, store::PageRequest};
use jiff::SignedDuration;
use serde_json::json;
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
    shop::{KEY, Shop},
    trial::Bench,
};

const TIMEOUT: Duration = Duration::from_secs(20);
const PURCHASES: usize = 20;
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
pub async fn play(bench: &Bench, kind: Kind) {
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
