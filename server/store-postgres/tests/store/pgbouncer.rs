//! PostgreSQL through a real `PgBouncer`.

use std::{
    env, fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use billing::{
    store::{LedgerStore as _, Store as _},
    testing::{AnyStore, harness::Harness},
};
use futures::{StreamExt as _, future::join_all};
use sqlx::{ConnectOptions as _, Connection as _, Row as _, postgres::PgConnectOptions};
use store_postgres::{Limits, OpenError, Urls};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::{Store, TestDatabase, server::buy};

/// The variable with the program's path; `scripts/test` sets it.
const PROGRAM_VARIABLE: &str = "TEST_PGBOUNCER";
const STARTED_WITHIN: Duration = Duration::from_secs(10);

struct PgBouncer {
    process: Child,
    port: u16,
    _folder: TempDir,
}

impl PgBouncer {
    /// Starts it in front of a server, with so few sessions that its clients have to share them.
    async fn start(server: &str, mode: &str, sessions: u32) -> Self {
        let program = env::var_os(PROGRAM_VARIABLE)
            .unwrap_or_else(|| panic!("{PROGRAM_VARIABLE} names no PgBouncer to test with: run scripts/test"));
        let server: PgConnectOptions = server.parse().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        let text = format!(
            "[databases]\n* = host={} port={} user={}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = any\nunix_socket_dir =\npool_mode = {mode}\ndefault_pool_size = {sessions}\n",
            server.get_host(),
            server.get_port(),
            server.get_username()
        );
        fs::write(&settings, text).unwrap();
        let mut command = Command::new(program);
        // It refuses to run as root.
        if fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
            command.args(["--user", "postgres"]);
        }
        let process = command.arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let bouncer = Self { process, port, _folder: folder };
        let began = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(began.elapsed() < STARTED_WITHIN, "PgBouncer does not start");
            sleep(Duration::from_millis(10)).await;
        }
        bouncer
    }

    fn url(&self, direct: &str) -> String {
        direct.parse::<PgConnectOptions>().unwrap().host("127.0.0.1").port(self.port).to_url_lossy().to_string()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn open(pooler: &str, direct: &str) -> Store {
    let limits = Limits { connections: 8, ..Limits::default() };
    Store::open_with(Urls { main: pooler, direct: Some(direct) }, limits).await.unwrap()
}

/// Gives a test an empty, migrated store behind a pooler.
async fn on_store<F: Future<Output = ()>>(test: impl FnOnce(Arc<dyn AnyStore>) -> F) {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let direct = database.url();
    let bouncer = PgBouncer::start(&direct, "transaction", 3).await;
    let store = open(&bouncer.url(&direct), &direct).await;
    store.migrate().await.unwrap();
    timeout(Duration::from_mins(1), test(Arc::new(store.clone()))).await.unwrap();
    store.close().await;
    drop(bouncer);
    database.remove().await.unwrap();
}

/// The conformance suite.
mod conformance {
    use super::on_store;

    billing::conformance_tests!(on_store);
}

#[tokio::test]
async fn a_pooler_that_shares_sessions_gets_a_sentence_unless_the_server_itself_is_named() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let direct = database.url();
    let bouncer = PgBouncer::start(&direct, "transaction", 3).await;
    let pooler = bouncer.url(&direct);
    for urls in [Urls::from(&*pooler), Urls { main: &pooler, direct: Some(&pooler) }] {
        let refused = Store::open_with(urls, Limits::default()).await.unwrap_err();
        assert!(matches!(refused, OpenError::Pooler { port, .. } if port == bouncer.port), "{refused}");
        assert!(refused.to_string().contains("set DATABASE_DIRECT_URL to the PostgreSQL server itself"), "{refused}");
        assert!(!refused.is_passing());
    }
    drop(bouncer);
    database.remove().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_behind_a_pooler_keep_their_statements_and_settings_apart() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let direct = database.url();
    let bouncer = PgBouncer::start(&direct, "transaction", 2).await;
    let pooler = bouncer.url(&direct);
    let (here, there) = (open(&pooler, &direct).await, open(&pooler, &direct).await);
    here.migrate().await.unwrap();
    let worlds = [Harness::open(Arc::new(here.clone()), 1).await, Harness::open(Arc::new(there.clone()), 2).await];
    let mut heard = here.changes();
    // Many clients with different statements share few sessions.
    join_all((0..24).map(|number| {
        let (harness, store) = (&worlds[number % 2], if number % 3 == 0 { &here } else { &there });
        async move {
            buy(harness).await;
            store.balance(harness.principal.tenant_id).await.unwrap();
            store.ready().await.unwrap();
        }
    }))
    .await;
    for harness in &worlds {
        assert_eq!(here.balance(harness.principal.tenant_id).await.unwrap().seq, 12);
    }
    let told = timeout(Duration::from_secs(2), heard.next()).await.expect("changes are told");
    assert!(worlds.iter().any(|harness| Some(harness.principal.tenant_id) == told));

    // Another program behind the same pooler.
    let mut others = Vec::new();
    for _ in 0..2 {
        others.push(pooler.parse::<PgConnectOptions>().unwrap().extra_float_digits(None).connect().await.unwrap());
    }
    for other in &mut others {
        for (setting, default) in [("statement_timeout", "0"), ("lock_timeout", "0"), ("synchronous_commit", "off")] {
            let show = format!("SHOW {setting}");
            let row = sqlx::raw_sql(sqlx::AssertSqlSafe(show)).fetch_one(&mut *other).await.unwrap();
            assert_eq!(row.get::<String, _>(0), default, "{setting} is as the server has it");
        }
    }
    for other in others {
        other.close().await.unwrap();
    }
    here.close().await;
    there.close().await;
    drop(bouncer);
    database.remove().await.unwrap();
}

/// Timeouts hold behind a pooler as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_behind_a_pooler_ends_in_time() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let direct = database.url();
    let bouncer = PgBouncer::start(&direct, "transaction", 3).await;
    let pooler = bouncer.url(&direct);
    let limits = Limits { connections: 4, time: Duration::from_secs(1), ..Limits::default() };
    let store = Store::open_with(Urls { main: &pooler, direct: Some(&direct) }, limits).await.unwrap();
    store.migrate().await.unwrap();
    let tenant = Harness::open(Arc::new(store.clone()), 1).await.principal.tenant_id;
    let mut other = direct.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    let mut transaction = other.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE ledger_entries IN ACCESS EXCLUSIVE MODE").execute(&mut *transaction).await.unwrap();
    let began = Instant::now();
    let late = store.balance(tenant).await.unwrap_err().to_string();
    assert!(late.contains("lock timeout") && began.elapsed() < Duration::from_secs(1), "{late} {:?}", began.elapsed());
    transaction.rollback().await.unwrap();
    store.balance(tenant).await.expect("the connection is as good as before");
    other.close().await.unwrap();
    store.close().await;
    drop(bouncer);
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_pooler_in_session_mode_is_as_good_as_the_server() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let bouncer = PgBouncer::start(&database.url(), "session", 12).await;
    let limits = Limits { connections: 4, ..Limits::default() };
    let store = Store::open_with(&*bouncer.url(&database.url()), limits).await.unwrap();
    store.migrate().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let mut heard = store.changes();
    buy(&harness).await;
    assert_eq!(heard.next().await, Some(harness.principal.tenant_id));
    assert_eq!(store.balance(harness.principal.tenant_id).await.unwrap().seq, 1);
    store.close().await;
    drop(bouncer);
    database.remove().await.unwrap();
}
