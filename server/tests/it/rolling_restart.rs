//! A rolling restart of three real processes behind a proxy with health checks, under load.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, http::Uri, response::Response};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use server::{serve::serve, shutdown::Shutdown};
use store_postgres::testing::TestDatabase;
use tempfile::TempDir;
use tokio::{
    io::AsyncWriteExt,
    net::TcpListener,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    half_open::call,
    listeners::free_port,
    process::{TIMEOUT, read_until, send, started, terminate},
};

const PROCESSES: usize = 3;
const CLIENTS: usize = 6;
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// The processes' shutdown delay in seconds: the time of several health checks.
const DELAY: &str = "1";

type HttpClient = Client<HttpConnector, Body>;

/// Keeps connections alive, and retries nothing.
fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).retry_canceled_requests(false).build_http()
}

struct Upstream {
    address: String,
    is_up: AtomicBool,
}

/// A round-robin load balancer over the healthy processes.
#[derive(Clone)]
struct Balancer {
    upstreams: Arc<Vec<Upstream>>,
    next: Arc<AtomicUsize>,
    client: HttpClient,
}

impl Balancer {
    fn new(ports: &[u16]) -> Self {
        let upstream = |port| Upstream { address: format!("127.0.0.1:{port}"), is_up: AtomicBool::new(false) };
        let upstreams = Arc::new(ports.iter().map(upstream).collect());
        Self { upstreams, next: Arc::default(), client: client() }
    }

    async fn check(self) {
        loop {
            for upstream in self.upstreams.iter() {
                let uri: Uri = format!("http://{}/readyz", upstream.address).parse().unwrap();
                let answer = timeout(Duration::from_millis(500), client().get(uri)).await;
                upstream.is_up.store(matches!(answer, Ok(Ok(answer)) if answer.status() == 200), Ordering::SeqCst);
            }
            sleep(CHECK_EVERY).await;
        }
    }

    async fn wait_until_up(&self, number: usize) {
        let began = Instant::now();
        while !self.upstreams[number].is_up.load(Ordering::SeqCst) {
            assert!(began.elapsed() < TIMEOUT, "process {number} is not up");
            sleep(CHECK_EVERY).await;
        }
    }

    async fn forward(&self, mut request: Request) -> Response {
        let refuse = |status: u16, why: String| Response::builder().status(status).body(Body::from(why)).unwrap();
        let turn = self.next.fetch_add(1, Ordering::SeqCst);
        let up = (0..PROCESSES).map(|n| &self.upstreams[(turn + n) % PROCESSES]);
        let Some(upstream) = up.into_iter().find(|upstream| upstream.is_up.load(Ordering::SeqCst)) else {
            return refuse(503, "no process is up".to_owned());
        };
        let path = request.uri().path_and_query().unwrap().to_string();
        *request.uri_mut() = format!("http://{}{path}", upstream.address).parse().unwrap();
        match self.client.request(request).await {
            Ok(answer) => answer.map(Body::new),
            Err(error) => refuse(502, format!("{}: {error:?}", upstream.address)),
        }
    }
}

async fn start(folder: &Path, database: &str, port: u16, public_url: &str) -> Child {
    let listen = format!("127.0.0.1:{port}");
    let variables = [
        ("DATABASE_URL", database),
        ("LISTEN_ADDR", &*listen),
        ("ADMIN_ADDR", "127.0.0.1:0"),
        ("PUBLIC_URL", public_url),
        ("SHUTDOWN_DELAY_SECONDS", DELAY),
        ("DATABASE_CONNECTIONS", "4"),
        // All orders are from one customer.
        ("OPEN_PURCHASES_MAX", "1000000"),
        ("ORDERS_PER_MINUTE_MAX", "1000000"),
    ];
    started(folder, &variables).await.0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_fails_no_request() {
    let database = TestDatabase::create().await.unwrap();
    let folder = TempDir::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = listener.local_addr().unwrap().to_string();
    let public_url = format!("http://{proxy}");
    let ports: Vec<u16> = (0..PROCESSES).map(|_| free_port()).collect();
    let mut processes = Vec::new();
    for port in &ports {
        processes.push(start(folder.path(), &database.url(), *port, &public_url).await);
    }
    let balancer = Balancer::new(&ports);
    tokio::spawn(balancer.clone().check());
    let end = CancellationToken::new();
    let close = CancellationToken::new();
    let shutdown = Shutdown { draining: close.clone(), stopping: close.clone(), delay: Duration::ZERO };
    let handler = balancer.clone();
    let router = Router::new().fallback(move |request: Request| {
        let balancer = handler.clone();
        async move { balancer.forward(request).await }
    });
    let serving = tokio::spawn(async move { serve(listener, router, &shutdown).await });
    for number in 0..PROCESSES {
        balancer.wait_until_up(number).await;
    }

    let credentials = json!({"email": "demo@example.com", "password": "demo-credits"});
    let (_, answer) = call(&proxy, "POST", "/auth/session", "", &credentials).await.unwrap();
    let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let (answered, failed) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
    let load: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (end, answered, failed) = (end.clone(), answered.clone(), failed.clone());
            let (proxy, cookie, client) = (proxy.clone(), cookie.clone(), client());
            tokio::spawn(async move {
                let mut round = number;
                while !end.is_cancelled() {
                    round += 1;
                    let (method, path, body) = match round % 3 {
                        0 => ("GET", "/", ""),
                        1 => ("GET", "/billing/balance", ""),
                        _ => ("POST", "/billing/checkout/session", r#"{"product_id":"credits_5"}"#),
                    };
                    let request = Request::builder()
                        .method(method)
                        .uri(format!("http://{proxy}{path}"))
                        .header("cookie", &cookie)
                        .header("content-type", "application/json")
                        .body(Body::from(body))
                        .unwrap();
                    let answer = client.request(request).await;
                    match answer {
                        Ok(answer) if answer.status().is_success() => {
                            let whole = axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await;
                            if let Err(error) = whole {
                                failed.lock().unwrap().push(format!("{path}: cut off: {error:?}"));
                            }
                            answered.fetch_add(1, Ordering::SeqCst);
                        }
                        Ok(answer) => {
                            let status = answer.status();
                            let whole = axum::body::to_bytes(Body::new(answer.into_body()), usize::MAX).await;
                            failed.lock().unwrap().push(format!("{path}: {status} {whole:?}"));
                        }
                        Err(error) => failed.lock().unwrap().push(format!("{path}: {error:?}")),
                    }
                    sleep(Duration::from_millis(5)).await;
                }
            })
        })
        .collect();

    for number in 0..PROCESSES {
        let before = answered.load(Ordering::SeqCst);
        assert_eq!(terminate(&mut processes[number]).await, Some(0));
        processes[number] = start(folder.path(), &database.url(), ports[number], &public_url).await;
        balancer.wait_until_up(number).await;
        let began = Instant::now();
        while answered.load(Ordering::SeqCst) < before + 50 {
            assert!(began.elapsed() < TIMEOUT, "there is load");
            sleep(CHECK_EVERY).await;
        }
    }
    end.cancel();
    for task in load {
        task.await.unwrap();
    }
    close.cancel();
    serving.await.unwrap();
    let failed = std::mem::take(&mut *failed.lock().unwrap());
    assert!(failed.is_empty(), "{} of {:?} failed: {:#?}", failed.len(), answered, &failed[..failed.len().min(5)]);
    for mut process in processes {
        assert_eq!(terminate(&mut process).await, Some(0));
    }
    database.remove().await.unwrap();
}

/// What a proxy sees after a SIGTERM, and what Ctrl-C does.
#[tokio::test]
async fn a_process_that_will_stop_serves_on_and_says_that_it_is_not_ready() {
    let folder = TempDir::new().unwrap();
    let started = async || {
        let variables = [("SHUTDOWN_DELAY_SECONDS", "2")];
        crate::process::started(folder.path(), &variables).await
    };
    let signal = async |child: &Child, name: &str| {
        let id = child.id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &id]).status().await.unwrap().success());
    };
    let (mut child, address, _) = started().await;
    let mut idle = send(&address, &format!("GET /healthz HTTP/1.1\nHost: {address}\n\n")).await;
    assert!(!read_until(&mut idle, "ok").await.contains("connection: close"));
    let began = Instant::now();
    signal(&child, "-TERM").await;
    let not_ready =
        async || call(&address, "GET", "/readyz", "", &Value::Null).await.is_some_and(|(code, _)| code == 503);
    while !not_ready().await {
        assert!(began.elapsed() < Duration::from_secs(1), "it says so at once");
    }
    let (_, answer) = call(&address, "GET", "/readyz", "", &Value::Null).await.unwrap();
    assert!(answer.contains("shutting_down"), "{answer}");
    let page = call(&address, "GET", "/signin", "", &Value::Null).await;
    assert_eq!(page.map(|(status, _)| status), Some(200));
    // Also on a connection from before the signal, which is then closed.
    idle.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).await.unwrap();
    let answer = read_until(&mut idle, "nothing more").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("connection: close"), "{answer}");
    assert_eq!(timeout(TIMEOUT, child.wait()).await.unwrap().unwrap().code(), Some(0));
    assert!(began.elapsed() >= Duration::from_secs(2), "{:?}", began.elapsed());

    for signals in [&["-INT"][..], &["-TERM", "-TERM"]] {
        let (mut child, ..) = started().await;
        let began = Instant::now();
        for name in signals {
            signal(&child, name).await;
            sleep(Duration::from_millis(100)).await;
        }
        assert_eq!(timeout(TIMEOUT, child.wait()).await.unwrap().unwrap().code(), Some(0), "{signals:?}");
        assert!(began.elapsed() < Duration::from_millis(1_500), "{signals:?}: {:?}", began.elapsed());
    }
}
