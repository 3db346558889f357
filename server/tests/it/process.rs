//! The start and the end of the real process.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::LazyLock,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

pub const TIMEOUT: Duration = Duration::from_secs(20);

/// A front end with empty files.
static SITE: LazyLock<PathBuf> = LazyLock::new(|| {
    let site = Path::new(env!("CARGO_TARGET_TMPDIR")).join("site");
    std::fs::create_dir_all(site.join("pkg")).unwrap();
    for name in ["shop.js", "shop.wasm", "shop.css"] {
        std::fs::write(site.join("pkg").join(name), "").unwrap();
    }
    site
});

pub fn server(folder: &Path, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_server"));
    command
        .env_clear()
        .env("LISTEN_ADDR", "127.0.0.1:0")
        .env("LEPTOS_SITE_ROOT", &*SITE)
        .envs(variables.iter().copied())
        .current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub async fn refused(folder: &Path, argument: &str, variables: &[(&str, &str)]) -> String {
    let output: Output = timeout(TIMEOUT, server(folder, variables).arg(argument).output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("panicked") && !said.contains("RUST_BACKTRACE"), "{said}");
    said
}

/// Starts a process. Returns it with the address that it prints.
pub async fn started(folder: &Path, variables: &[(&str, &str)]) -> (Child, String, Vec<String>) {
    let mut child = server(folder, variables).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap();
    let first = first.unwrap_or_default();
    let address = first.strip_prefix("IZA Credits: http://").unwrap_or_else(|| panic!("{first}"));
    let address = address.trim_end_matches('/').to_owned();
    let second = timeout(TIMEOUT, lines.next_line()).await.unwrap().unwrap().unwrap();
    (child, address, vec![first, second])
}

pub async fn terminate(child: &mut Child) -> Option<i32> {
    let id = child.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    timeout(TIMEOUT, child.wait()).await.expect("it ends").unwrap().code()
}

/// Sends a request on a new connection, and returns the open connection.
pub async fn send(address: &str, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.replace('\n', "\r\n").as_bytes()).await.unwrap();
    connection
}

pub async fn read_until(connection: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while !text.contains(end) {
        let count = timeout(TIMEOUT, connection.read(&mut buffer)).await.unwrap().unwrap();
        if count == 0 {
            break;
        }
        text.push_str(&String::from_utf8_lossy(&buffer[..count]));
    }
    text
}

#[tokio::test]
async fn a_taken_port_gets_a_sentence() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(folder.path(), "serve", &[("LISTEN_ADDR", &address)]).await;
    assert!(said.lines().next().unwrap().contains("mock mode"), "the log begins with the mode: {said}");
    assert_eq!(
        said.lines().last().unwrap(),
        format!("LISTEN_ADDR {address} is taken by another program: stop it, or set LISTEN_ADDR to another address.")
    );
}

#[tokio::test]
async fn every_wrong_setting_gets_a_sentence() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join(".env"), "VAT_RATE=much\nLOG_FORMAT=json\n").unwrap();
    let said = refused(folder.path(), "check-config", &[("LOG_FORMAT", "xml"), ("TIME_ZONE", "Mars")]).await;
    for name in ["VAT_RATE", "LOG_FORMAT", "TIME_ZONE"] {
        assert!(said.contains(&format!("{name} is wrong: set it to")), "{said}");
    }
    assert_eq!(said.lines().count(), 3, "{said}");
    std::fs::write(folder.path().join(".env"), "STRIPE_SECRET_KEY sk_live_hidden\n").unwrap();
    let said = refused(folder.path(), "check-config", &[]).await;
    assert!(said.starts_with("The file .env cannot be read") && !said.contains("hidden"), "{said}");
}

#[tokio::test]
async fn a_front_end_that_is_not_there_gets_a_sentence_instead_of_pages_without_style() {
    let folder = TempDir::new().unwrap();
    for (root, missing) in [("/nonexistent", "/nonexistent/pkg"), ("", "target/site/pkg")] {
        for command in ["serve", "check-config"] {
            let said = refused(folder.path(), command, &[("LEPTOS_SITE_ROOT", root)]).await;
            let sentence = said.lines().last().unwrap();
            assert!(sentence.starts_with(&format!("LEPTOS_SITE_ROOT: {missing} is missing,")), "{said}");
            assert!(sentence.contains("Build the front end by scripts/run"), "{said}");
        }
    }
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[tokio::test]
async fn a_stripe_key_that_cannot_work_gets_a_sentence() {
    let folder = TempDir::new().unwrap();
    for (key, named) in
        [("sk_live_hidden", "STRIPE_WEBHOOK_SECRET is missing"), ("pk_test_hidden", "STRIPE_SECRET_KEY")]
    {
        let said = refused(folder.path(), "serve", &[("STRIPE_SECRET_KEY", key)]).await;
        assert!(said.contains(named) && !said.contains("hidden"), "{said}");
    }
    let live = [("STRIPE_SECRET_KEY", "sk_live_hidden"), ("STRIPE_WEBHOOK_SECRET", "whsec_hidden")];
    let double = [&live[..], &[("STRIPE_API_BASE", "http://127.0.0.1:1")]].concat();
    let said = refused(folder.path(), "check-config", &double).await;
    assert!(said.contains("unset STRIPE_API_BASE") && !said.contains("hidden"), "{said}");
}

#[tokio::test]
async fn a_database_that_is_not_there_gets_a_sentence() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    for (url, names) in [
        ("postgres://shop:hidden@127.0.0.1:1/shop", "127.0.0.1:1"),
        ("sqlite://file/shop.db", "file"),
        ("sqlite::memory:", "memory"),
    ] {
        let said = refused(folder.path(), "migrate", &[("DATABASE_URL", url), ("DATABASE_WAIT_SECONDS", "0")]).await;
        let [logged, sentence] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
        assert!(logged.contains("command=\"migrate\" outcome=\"failed\""), "{said}");
        assert!(sentence.starts_with("DATABASE_URL: ") && sentence.contains(names), "{said}");
        assert!(!said.contains("hidden"), "{said}");
    }
}

/// The operator's commands that need a database.
const COMMANDS: [&[&str]; 12] = [
    &["reconcile"],
    &["reconcile", "--dry-run"],
    &["events", "list"],
    &["events", "show", "evt_1"],
    &["events", "replay", "evt_1"],
    &["mails", "list"],
    &["mails", "retry"],
    &["mails", "resend", "0198f2a4-7b1c-7def-8a2b-0123456789ab"],
    &["withdrawals"],
    &["customer", "kim@example.com"],
    &["reset-password", "kim@example.com"],
    &["reset-password", "--stdin", "kim@example.com"],
];

/// Runs a command. Returns its output, its errors and its exit code.
async fn ran(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> (String, String, Option<i32>) {
    let output = timeout(TIMEOUT, server(folder, variables).args(arguments).output()).await.unwrap().unwrap();
    let (answer, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!said.contains("panicked"), "{said}");
    (answer, said, output.status.code())
}

#[tokio::test]
async fn a_mistyped_database_is_neither_made_nor_migrated_and_gets_a_sentence() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    for (url, names) in [("sqlite://dtaa/shop.db", "dtaa/shop.db"), ("sqlite://empty.db", "server migrate")] {
        for arguments in COMMANDS {
            let (answer, said, code) = ran(folder.path(), arguments, &[("DATABASE_URL", url)]).await;
            let sentence = said.lines().last().unwrap_or_default();
            assert_eq!((answer.as_str(), code), ("", Some(1)), "{arguments:?}: {said}");
            assert!(sentence.starts_with("DATABASE_URL: ") && sentence.contains(names), "{arguments:?}: {said}");
        }
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "dtaa"), "{left:?}");
}

#[tokio::test]
async fn every_command_logs_how_it_ended_and_fails_when_it_did_nothing() {
    let folder = TempDir::new().unwrap();
    let (answer, said, code) = ran(folder.path(), &["migrate"], &[]).await;
    assert_eq!((answer.as_str(), code), ("The database is up to date.\n", Some(0)), "{said}");
    for arguments in COMMANDS {
        let (answer, said, code) = ran(folder.path(), arguments, &[]).await;
        let works = matches!(arguments, ["reconcile" | "withdrawals", ..] | [_, "list" | "retry"]);
        assert_eq!(code, Some(i32::from(!works)), "{arguments:?}: {said}");
        assert_eq!(answer.is_empty(), !works, "{arguments:?}: {answer}");
        let logged: Vec<_> = said.lines().filter(|line| line.contains("a command has ended")).collect();
        let outcome = format!("outcome=\"{}\"", if works { "done" } else { "failed" });
        let command = arguments.iter().take_while(|word| !word.contains(['-', '_', '@']) || **word == "reset-password");
        let command = format!("command=\"{}\"", command.copied().collect::<Vec<_>>().join(" "));
        assert!(matches!(logged[..], [line] if line.contains(&command) && line.contains(&outcome)), "{said}");
        assert!(!logged[0].contains("kim"), "a log is no place for an address: {said}");
        let open: Vec<_> = ["shop.db-wal", "shop.db-shm"].map(|name| folder.path().join("data").join(name)).into();
        assert!(!open.iter().any(|file| file.exists()), "{arguments:?} closes the database");
    }
}

#[tokio::test]
async fn a_new_password_and_an_address_never_reach_the_log() {
    let folder = TempDir::new().unwrap();
    let (mut child, ..) = started(folder.path(), &[]).await;
    assert_eq!(terminate(&mut child).await, Some(0));
    let (answer, said, code) = ran(folder.path(), &["reset-password", "demo@example.com"], &[]).await;
    assert_eq!(code, Some(0), "{said}");
    let password = answer.strip_prefix("The new password is ").and_then(|rest| rest.lines().next()).unwrap();
    assert!(!said.contains(password) && !said.contains("demo@"), "{said}");
    assert!(said.contains("a password was set by hand"), "{said}");
    let (answer, said, code) = ran(folder.path(), &["customer", "demo@example.com"], &[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(answer.contains("demo@example.com") && !said.contains("demo@"), "{said}");

    let mut command = server(folder.path(), &[]);
    command.args(["reset-password", "--stdin", "demo@example.com"]).stdin(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse battery\r\n").await.unwrap();
    let output = timeout(TIMEOUT, child.wait_with_output()).await.unwrap().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answer, "The password is set, and 0 sessions have ended.\n");
    assert!(!String::from_utf8(output.stderr).unwrap().contains("horse"));
}

#[tokio::test]
async fn sigterm_ends_open_streams_and_the_process() {
    let folder = TempDir::new().unwrap();
    let (mut child, address, said) = started(folder.path(), &[]).await;
    assert!(said[1].contains("demo@example.com") && said[1].contains("demo-credits"), "{said:?}");
    assert!(folder.path().join("data/shop.db").exists());

    let body = r#"{"email":"demo@example.com","password":"demo-credits"}"#;
    let head = format!("POST /auth/session HTTP/1.1\nHost: {address}\nContent-Type: application/json\n");
    let mut connection = send(&address, &format!("{head}Content-Length: {}\n\n{body}", body.len())).await;
    let answer = read_until(&mut connection, "\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let cookie = answer.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap();
    let mut stream =
        send(&address, &format!("GET /billing/balance/stream HTTP/1.1\nHost: {address}\nCookie: {cookie}\n\n")).await;
    assert!(read_until(&mut stream, r#"{"credits":0,"held":0,"available":0}"#).await.contains("text/event-stream"));

    let start = std::time::Instant::now();
    assert_eq!(terminate(&mut child).await, Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "open connections do not hold it up");
    assert!(read_until(&mut stream, "nothing more").await.ends_with("0\r\n\r\n"), "the stream ends properly");
}

#[tokio::test]
async fn a_client_that_sends_too_many_headers_is_turned_away() {
    let folder = TempDir::new().unwrap();
    let (mut child, address, _) = started(folder.path(), &[]).await;
    for headers in ["X-A: b\n".repeat(200), format!("X-A: {}\n", "b".repeat(100_000))] {
        let mut connection = TcpStream::connect(&address).await.unwrap();
        let request = format!("GET /healthz HTTP/1.1\nHost: {address}\n{headers}\n").replace('\n', "\r\n");
        // The process may close the connection before it has read everything.
        let _ = connection.write_all(request.as_bytes()).await;
        let answer = read_until(&mut connection, "\r\n\r\n").await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    let mut connection = send(&address, &format!("GET /healthz HTTP/1.1\nHost: {address}\n\n")).await;
    assert!(read_until(&mut connection, "ok").await.starts_with("HTTP/1.1 200"));
    assert_eq!(terminate(&mut child).await, Some(0));
}

async fn two_start_at_once(url: &str) {
    let folder = TempDir::new().unwrap();
    let variables = [("DATABASE_URL", url)];
    let (mut one, mut other) = tokio::join!(started(folder.path(), &variables), started(folder.path(), &variables));
    for (child, address, _) in [&mut one, &mut other] {
        let mut connection = send(address, &format!("GET /readyz HTTP/1.1\nHost: {address}\n\n")).await;
        assert!(read_until(&mut connection, "ok").await.starts_with("HTTP/1.1 200"));
        assert_eq!(terminate(child).await, Some(0));
    }
    // A second start, on the existing database.
    let (mut again, ..) = started(folder.path(), &variables).await;
    assert_eq!(terminate(&mut again).await, Some(0));
}

#[tokio::test]
async fn two_processes_start_at_once_on_sqlite() {
    let database = store_sqlite::testing::TestDatabase::create().await.unwrap();
    two_start_at_once(&database.url()).await;
}

#[tokio::test]
async fn two_processes_start_at_once_on_postgres() {
    let database = store_postgres::testing::TestDatabase::create().await.unwrap();
    two_start_at_once(&database.url()).await;
    database.remove().await.unwrap();
}

#[tokio::test]
async fn help_says_what_the_program_is() {
    let folder = TempDir::new().unwrap();
    let output = timeout(TIMEOUT, server(folder.path(), &[]).arg("--help").output()).await.unwrap().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("IZA Credits: pages, JSON API and Stripe's webhook."), "{said}");
}
