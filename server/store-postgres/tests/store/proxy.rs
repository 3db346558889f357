//! A proxy to the server that simulates network faults: it drops all packets, or closes all connections.

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::postgres::PgConnectOptions;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp},
    task::{JoinHandle, JoinSet},
};

pub struct Proxy {
    port: u16,
    server: (String, u16),
    /// Whether new connections are silent; each connection keeps its own flag.
    silent: Arc<Mutex<Arc<AtomicBool>>>,
    task: JoinHandle<()>,
}

impl Proxy {
    pub async fn start(server: &str) -> Self {
        let options: PgConnectOptions = server.parse().unwrap();
        let server = (options.get_host().to_owned(), options.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let silent = Arc::new(Mutex::new(Arc::new(AtomicBool::new(false))));
        let task = tokio::spawn(accept(listener, server.clone(), silent.clone()));
        Self { port, server, silent, task }
    }

    /// Closes all connections, and accepts no new ones.
    pub async fn go_away(&mut self) {
        self.task.abort();
        let _ = (&mut self.task).await;
    }

    /// Accepts connections again.
    pub async fn come_back(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.task = tokio::spawn(accept(listener, self.server.clone(), self.silent.clone()));
    }

    pub fn url(&self, direct: &str) -> String {
        use sqlx::ConnectOptions as _;
        direct.parse::<PgConnectOptions>().unwrap().host("127.0.0.1").port(self.port).to_url_lossy().to_string()
    }

    /// From now on forwards nothing, on existing and new connections.
    pub fn fall_silent(&self) {
        self.silent.lock().unwrap().store(true, Ordering::SeqCst);
    }

    /// New connections work again; the existing ones stay silent.
    pub fn let_new_ones_through(&self) {
        *self.silent.lock().unwrap() = Arc::new(AtomicBool::new(false));
    }
}

async fn accept(listener: TcpListener, server: (String, u16), silent: Arc<Mutex<Arc<AtomicBool>>>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let silent = silent.lock().unwrap().clone();
        let server = TcpStream::connect(server.clone()).await.unwrap();
        for stream in [&client, &server] {
            stream.set_nodelay(true).unwrap();
        }
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        connections.spawn(carry(from_client, to_server, silent.clone()));
        connections.spawn(carry(from_server, to_client, silent));
    }
}

async fn carry(mut from: tcp::OwnedReadHalf, mut to: tcp::OwnedWriteHalf, silent: Arc<AtomicBool>) {
    let mut buffer = [0; 8192];
    loop {
        let count = from.read(&mut buffer).await.unwrap_or(0);
        match (silent.load(Ordering::SeqCst), count) {
            (true, 0) => return pending().await,
            (true, _) => {}
            (false, 0) => return,
            (false, _) => {
                if to.write_all(&buffer[..count]).await.is_err() {
                    return;
                }
            }
        }
    }
}
