//! The two listeners of the real process, and its log lines about clients.

use std::{
    net::TcpListener,
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Child,
};

use crate::process::{TIMEOUT, read_until, refused, send, started, terminate};

/// The log of the process from now on.
fn log_of(child: &mut Child) -> Arc<Mutex<String>> {
    let log = Arc::<Mutex<String>>::default();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let kept = log.clone();
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            kept.lock().unwrap().extend([&*line, "\n"]);
        }
    });
    log
}

/// The word after `words` in the log.
async fn said_after(log: &Mutex<String>, words: &str) -> String {
    let deadline = tokio::time::Instant::now() + TIMEOUT;
    loop {
        let said = log.lock().unwrap().clone();
        if let Some((_, rest)) = said.split_once(words) {
            return rest.split(&[' ', ',', '\n'][..]).next().unwrap().to_owned();
        }
        assert!(tokio::time::Instant::now() < deadline, "no {words} in {said}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

pub async fn get(address: &str, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\nHost: {address}\nConnection: close\n\n");
    read_until(&mut send(address, &request).await, "nothing more").await
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_proxy_to_the_shop_leads_to_nothing_of_the_operators() {
    let folder = TempDir::new().unwrap();
    let (mut child, address, _) = started(folder.path(), &[]).await;
    let log = log_of(&mut child);
    let admin = said_after(&log, "metrics are at http://").await;
    let admin = admin.strip_suffix("/metrics").unwrap();
    assert_eq!(said_after(&log, "read them at http://").await, format!("{admin}/dev/mailbox"));
    assert!(get(admin, "/metrics").await.starts_with("HTTP/1.1 200"));
    assert!(get(admin, "/dev/mailbox").await.starts_with("HTTP/1.1 200"));
    for path in ["/metrics", "/dev/mailbox"] {
        assert!(get(&address, path).await.starts_with("HTTP/1.1 404"), "{path}");
    }
    assert_eq!(terminate(&mut child).await, Some(0), "and both listeners end with the process");
}

#[tokio::test]
async fn a_taken_operators_address_stops_only_who_has_asked_for_it() {
    let folder = TempDir::new().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let said = refused(folder.path(), "serve", &[("ADMIN_ADDR", &address)]).await;
    assert!(
        said.ends_with(&format!(
            "ADMIN_ADDR {address} is taken by another program: stop it, or set ADMIN_ADDR to another address.\n"
        )),
        "{said}"
    );

    // A shop whose default admin port is taken.
    let shop = loop {
        let shop = free_port();
        if let Ok(taken) = TcpListener::bind(("127.0.0.1", shop.saturating_add(1_000))) {
            break (shop, taken);
        }
    };
    let (port, _taken) = shop;
    let (mut child, _, _) = started(folder.path(), &[("LISTEN_ADDR", &format!("127.0.0.1:{port}"))]).await;
    let log = log_of(&mut child);
    let admin = said_after(&log, "so metrics and mailbox are at ").await;
    assert!(log.lock().unwrap().contains("set ADMIN_ADDR"), "{}", log.lock().unwrap());
    assert!(get(&admin, "/healthz").await.starts_with("HTTP/1.1 200"));
    assert_eq!(terminate(&mut child).await, Some(0));
}

#[tokio::test]
async fn a_flood_of_requests_does_not_fill_the_log() {
    let folder = TempDir::new().unwrap();
    let admin = format!("127.0.0.1:{}", free_port());
    let variables = [("STRIPE_WEBHOOK_SECRET", "whsec_1"), ("ADMIN_ADDR", &*admin), ("LOG_FORMAT", "json")];
    let (mut child, address, _) = started(folder.path(), &variables).await;
    let log = log_of(&mut child);
    let post = async |path: &str, headers: &str, body: &str| {
        let head = format!("POST {path} HTTP/1.1\nHost: {address}\nConnection: close\n{headers}");
        let request = format!("{head}Content-Length: {}\n\n{body}", body.len());
        read_until(&mut send(&address, &request).await, "nothing more").await
    };
    let json = "Content-Type: application/json\n";
    let guess = r#"{"email":"kim@example.com","password":"wrong password"}"#;
    for _ in 0..30 {
        assert!(post("/billing/webhook", "Stripe-Signature: t=1,v1=00\n", "{}").await.starts_with("HTTP/1.1 400"));
        let unreadable =
            format!("POST /billing/webhook HTTP/1.1\nHost: {address}\nTransfer-Encoding: chunked\n\nxx\n\n");
        read_until(&mut send(&address, &unreadable).await, "\r\n\r\n").await;
        assert!(post("/signout", "Origin: https://evil.example\n", "").await.starts_with("HTTP/1.1 403"));
        post("/auth/session", &format!("X-Real-IP: 192.0.2.1\n{json}"), guess).await;
    }
    let metrics = get(&admin, "/metrics").await;
    assert_eq!(terminate(&mut child).await, Some(0));
    let log = log.lock().unwrap();
    for words in [
        "notifications were turned away",
        "notifications could not be read",
        "requests from another site were turned away",
        "CLIENT_IP_HEADER names no header of theirs",
    ] {
        assert_eq!(log.matches(words).count(), 1, "{words} in {log}");
    }
    assert!(log.contains(r#""header":"x-real-ip""#), "{log}");
    for counted in [
        r#"webhook_rejected_total{reason="signature"} 30"#,
        r#"webhook_rejected_total{reason="body"} 30"#,
        "cross_site_rejected_total 30",
    ] {
        assert!(metrics.contains(counted), "{counted} in {metrics}");
    }
}

#[tokio::test]
async fn a_proxy_whose_header_is_named_is_nothing_to_warn_of() {
    let folder = TempDir::new().unwrap();
    let (mut child, address, _) = started(folder.path(), &[("CLIENT_IP_HEADER", "X-Real-IP")]).await;
    let log = log_of(&mut child);
    let body = r#"{"email":"kim@example.com","password":"wrong password"}"#;
    let guess = async |headers: &str| {
        let head = format!("POST /auth/session HTTP/1.1\nHost: {address}\nContent-Type: application/json\n{headers}");
        let request = format!("{head}Connection: close\nContent-Length: {}\n\n{body}", body.len());
        assert!(read_until(&mut send(&address, &request).await, "nothing more").await.starts_with("HTTP/1.1 401"));
    };
    guess("").await;
    guess("X-Real-IP: 192.0.2.1\nX-Forwarded-For: 192.0.2.1\n").await;
    assert!(!log.lock().unwrap().contains("CLIENT_IP_HEADER"), "{}", log.lock().unwrap());
    // A proxy that sets another header.
    guess("X-Forwarded-For: 192.0.2.1\n").await;
    said_after(&log, "CLIENT_IP_HEADER names").await;
    assert_eq!(terminate(&mut child).await, Some(0));
}
