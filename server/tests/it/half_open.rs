//! A real process whose connections to PostgreSQL are half-open: packets are lost without an error, as after an address
//! has moved to another server, or a router has dropped its connections.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use billing::{
    receipt::ReceiptNumber,
    store::{AccountStore, MailStore, PageRequest, PurchaseStore},
};
use serde_json::{Value, json};
use store_postgres::{PostgresStore, testing::TestDatabase};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    process::Command,
    time::{Instant, sleep, timeout},
};
use url::Url;

use crate::process::started;

/// Longer than the timeouts of queries, of tasks and of stopping.
const BACK_WITHIN: Duration = Duration::from_mins(1);
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// A proxy between the process and its database, which can drop all packets of the open connections.
pub struct Proxy {
    pub url: String,
    /// The packets of connections up to this number are dropped.
    swallowed: Arc<AtomicU64>,
    opened: Arc<AtomicU64>,
}

impl Proxy {
    pub async fn start(database: &str) -> Self {
        let mut url = Url::parse(database).unwrap();
        let server = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port())).unwrap();
        let (swallowed, opened) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (limit, count) = (swallowed.clone(), opened.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                let Ok(server) = TcpStream::connect(server.clone()).await else { continue };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(pass_on(from_client, to_server, number, limit.clone()));
                tokio::spawn(pass_on(from_server, to_client, number, limit.clone()));
            }
        });
        Self { url: url.into(), swallowed, opened }
    }

    /// From now on drops all packets of the open connections; new ones work.
    fn swallow_open(&self) {
        self.swallowed.store(self.opened.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// New connections work again; the open ones do not.
    pub fn pass_new(&self) {
        self.swallow_open();
    }

    pub fn swallow_all(&self) {
        self.swallowed.store(u64::MAX, Ordering::SeqCst);
    }
}

async fn pass_on(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    number: u64,
    swallowed: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        if number <= swallowed.load(Ordering::SeqCst) {
            // Does not even forward the end of a connection.
            if count == 0 {
                std::future::pending::<()>().await;
            }
            continue;
        }
        if count == 0 || to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

/// Sends a request on a new connection; `None` when there is no answer.
pub async fn call(address: &str, method: &str, path: &str, cookie: &str, body: &Value) -> Option<(u16, String)> {
    let headers = format!("Cookie: {cookie}\r\nContent-Type: application/json\r\n");
    request(address, method, path, &headers, &body.to_string()).await
}

/// Like [`call`], with further headers.
pub async fn request(address: &str, method: &str, path: &str, headers: &str, body: &str) -> Option<(u16, String)> {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(address).await.ok()?;
    connection.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    timeout(Duration::from_secs(40), connection.read_to_string(&mut answer)).await.ok()?.ok()?;
    Some((answer.split(' ').nth(1)?.parse().ok()?, answer))
}

/// Repeats a request until it succeeds, as a client does after a 503.
async fn call_again(address: &str, path: &str, cookie: &str, body: &Value) -> Value {
    let start = Instant::now();
    loop {
        if let Some((200..300, answer)) = call(address, "POST", path, cookie, body).await {
            let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
            let json = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
            return serde_json::from_str(json).unwrap();
        }
        assert!(start.elapsed() < BACK_WITHIN, "{path} is not back");
        sleep(Duration::from_millis(200)).await;
    }
}

async fn buy(address: &str, cookie: &str) {
    let order = call_again(address, "/billing/checkout/session", cookie, &json!({"product_id": "credits_5"})).await;
    let session = json!({"session_id": order["session_id"]});
    let paid = call_again(address, "/billing/checkout/complete", cookie, &session).await;
    assert_eq!(paid["purchase"]["status"], "PAID", "{paid}");
}

/// Waits until every receipt has its number and every mail is sent, up to `number`.
async fn caught_up(direct: &PostgresStore, number: i64) {
    let demo = "demo@example.com".parse().unwrap();
    let tenant = direct.account_by_email(&demo).await.unwrap().unwrap().principal.tenant_id;
    let start = Instant::now();
    loop {
        let newest = direct.purchases(tenant, PageRequest { limit: 1, older_than: None }).await.unwrap();
        let numbered = newest.first().and_then(|purchase| purchase.receipt_number)
            == Some(ReceiptNumber { series: None, position: number });
        let unsent = direct.mails(true, 10).await.unwrap();
        if numbered && unsent.is_empty() {
            return;
        }
        assert!(start.elapsed() < BACK_WITHIN, "numbered: {numbered}, unsent: {unsent:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn connections_that_carry_nothing_any_more_stop_no_task_and_no_stopping() {
    let database = TestDatabase::create().await.unwrap();
    let direct = database.store().await.unwrap();
    let proxy = Proxy::start(&database.url()).await;
    let folder = TempDir::new().unwrap();
    let (mut child, address, _) = started(Path::new(folder.path()), &[("DATABASE_URL", &proxy.url)]).await;
    let credentials = json!({"email": "demo@example.com", "password": "demo-credits"});
    let (_, answer) = call(&address, "POST", "/auth/session", "", &credentials).await.unwrap();
    let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();

    buy(&address, cookie).await;
    caught_up(&direct, 1).await;
    proxy.swallow_open();
    buy(&address, cookie).await;
    caught_up(&direct, 2).await;
    let ready = call(&address, "GET", "/readyz", "", &Value::Null).await;
    assert_eq!(ready.map(|(status, _)| status), Some(200));

    proxy.swallow_all();
    sleep(Duration::from_secs(2)).await;
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    timeout(STOPPED_WITHIN, child.wait()).await.expect("it ends").unwrap();
    direct.close().await;
    database.remove().await.unwrap();
}
