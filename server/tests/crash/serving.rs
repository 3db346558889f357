//! The real process, killed while notifications pour in.

use std::{path::Path, process::Stdio, time::Duration};

use billing::{locale::Locale, store::PageRequest};
use jiff::SignedDuration;
use serde_json::json;
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

const PATIENCE: Duration = Duration::from_secs(20);
const PURCHASES: usize = 20;
const KILLS: u32 = 3;
const SECRET: &str = "whsec_crash";

/// Starts the process; gives the address that it says it serves.
async fn start(folder: &Path, database_url: &str, double: &Double, address: &str) -> (Child, String) {
    let variables = [
        ("LISTEN_ADDR", address),
        ("PUBLIC_URL", "http://127.0.0.1:3000"),
        ("DATABASE_URL", database_url),
        ("STRIPE_SECRET_KEY", KEY),
        ("STRIPE_WEBHOOK_SECRET", SECRET),
        ("STRIPE_API_BASE", &double.url),
    ];
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command.env_clear().envs(variables).current_dir(folder).kill_on_drop(true);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = timeout(PATIENCE, lines.next_line()).await.unwrap().unwrap().unwrap_or_default();
    let address = first.strip_prefix("IZA Credits: http://").unwrap_or_else(|| panic!("{first}"));
    // What it says later is read by nobody, and must not stop it.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address.trim_end_matches('/').to_owned())
}

/// Has many purchases paid, and a part of each refunded, at once, and the process that hears of it killed and started
/// again; in the end each is credited once, less what was refunded.
pub async fn play(bench: &Bench, kind: Kind) {
    let double = bench.double().await;
    let database = bench.database(kind).await;
    let url = database.url();
    let shop = Shop::open(&url, &double.url, SignedDuration::ZERO, None).await;
    let mut sessions = Vec::new();
    let mut callers = Vec::new();
    for _ in 0..PURCHASES {
        let caller = shop.customer().await;
        let purchase = shop.billing.order(&caller, "credits_5", None, Locale::De).await.unwrap();
        sessions.push(purchase.checkout.unwrap().provider_ref);
        callers.push(caller);
    }

    let folder = TempDir::new().unwrap();
    let (mut server, address) = start(folder.path(), &url, &double, "127.0.0.1:0").await;
    double.tell(&format!("http://{address}/billing/webhook"), SECRET).await;
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
            (server, _) = start(folder.path(), &url, &double, &address).await;
        }
    };
    tokio::join!(pour, kill);
    double.idle().await;
    server.kill().await.unwrap();

    // Whatever was put off is due by now.
    shop.close().await;
    let shop = Shop::open(&url, &double.url, SignedDuration::from_hours(1), None).await;
    shop.reconcile().await;
    for caller in &callers {
        let page = PageRequest { limit: 10, older_than: None };
        assert_eq!(shop.store.purchases(caller.tenant_id, page).await.unwrap().len(), 1);
        let balance = shop.store.balance(caller.tenant_id).await.unwrap();
        assert_eq!((balance.credits.0, balance.seq), (3, 2), "credited once, and taken once");
    }
    let books = double.books().await;
    assert_eq!(books.len(), PURCHASES);
    assert!(books.iter().all(|line| line["net"] == 399), "{books:?}");
    shop.close().await;
    database.remove().await;
    bench.give_back(double);
}
