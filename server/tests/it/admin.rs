//! The admin listener, and who can reach it.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use tempfile::TempDir;

use crate::{
    mails::{mailer, send_due},
    shop::TestShop,
};

on_both_databases!(
    customers_find_nothing_of_the_operators,
    metrics_and_health_are_served_to_whoever_reaches_them,
    the_mailbox_is_for_this_machine_alone,
);

const HERE: &str = "127.0.0.1:40000";
const HOST: (&str, &str) = ("Host", "127.0.0.1:4000");

async fn customers_find_nothing_of_the_operators(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_1").await;
    send_due(&mailer(&shop, None)).await;
    for path in ["/metrics", "/dev/mailbox", "/dev/mailbox/1", "/dev/mailbox/1/raw"] {
        let request = Request::get(path).header(header::HOST, "127.0.0.1:3000").header(header::ACCEPT, "text/html");
        let answer = kim.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.text().contains("/signout"), "{path} is the shop's not-found page: {}", answer.text());
    }
}

async fn metrics_and_health_are_served_to_whoever_reaches_them(shop: TestShop) {
    for (peer, host) in [(HERE, HOST), ("192.0.2.1:40000", ("Host", "shop.internal:4000"))] {
        let metrics = shop.ask_admin("/metrics", peer, &[host]).await;
        assert_eq!((metrics.status, metrics.header("content-type")), (StatusCode::OK, "text/plain; version=0.0.4"));
        assert_eq!(metrics.header("cache-control"), "no-store");
        assert!(metrics.text().contains("billing_attention_total"), "{}", metrics.text());
        for path in ["/healthz", "/readyz"] {
            assert_eq!(shop.ask_admin(path, peer, &[host]).await.status, StatusCode::OK, "{path}");
        }
    }
    // None of the shop's pages and calls.
    for path in ["/", "/signin", "/billing/products", "/billing/openapi.json", "/nowhere"] {
        shop.ask_admin(path, HERE, &[HOST]).await.assert_problem(404, "not_found");
    }
    let page = shop.ask_admin("/nowhere", HERE, &[HOST, ("Accept", "text/html")]).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert_eq!(page.header("x-content-type-options"), "nosniff");
}

async fn the_mailbox_is_for_this_machine_alone(shop: TestShop) {
    let site = TempDir::new().unwrap();
    std::fs::create_dir(site.path().join("pkg")).unwrap();
    std::fs::write(site.path().join("pkg/shop.css"), "main {}").unwrap();
    let shop = shop.with_settings(&[("LEPTOS_SITE_ROOT", site.path().to_str().unwrap())]);
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_1").await;
    send_due(&mailer(&shop, None)).await;
    for host in ["127.0.0.1:4000", "[::1]:4000", "localhost:4000", "LOCALHOST"] {
        let list = shop.ask_admin("/dev/mailbox", "[::ffff:127.0.0.1]:40000", &[("Host", host)]).await;
        assert!(list.text().contains("Bestätigung Ihres Kaufs: 1 Credit"), "{host}: {}", list.text());
    }
    let style = shop.ask_admin("/pkg/shop.css", HERE, &[HOST]).await;
    assert_eq!((style.text().as_str(), style.header("content-type")), ("main {}", "text/css"));
    let mail = shop.ask_admin("/dev/mailbox/1", HERE, &[HOST]).await;
    let policy = mail.header("content-security-policy");
    assert!(mail.text().contains("1,49\u{a0}€") && policy.starts_with("default-src 'none'; style"), "{policy}");
    let raw = shop.ask_admin("/dev/mailbox/1/raw", HERE, &[HOST]).await;
    assert!(raw.text().contains("To: kim@example.com"));
    shop.ask_admin("/dev/mailbox/2", HERE, &[HOST]).await.assert_problem(404, "not_found");

    let proxies = [
        "X-Real-IP",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "Forwarded",
        "Via",
        "CF-Connecting-IP",
        "True-Client-IP",
    ];
    for path in ["/dev/mailbox", "/dev/mailbox/1", "/dev/mailbox/1/raw"] {
        for header in proxies {
            let answer = shop.ask_admin(path, HERE, &[HOST, (header, "192.0.2.1")]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} through a proxy that sends {header}");
        }
        for peer in ["192.0.2.1:40000", "10.0.0.1:40000", "[2001:db8::1]:40000"] {
            let answer = shop.ask_admin(path, peer, &[HOST]).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} for {peer}");
        }
        // DNS rebinding: another site's domain resolves to this machine.
        for host in [&[][..], &[("Host", "evil.example:4000")], &[("Host", "127.0.0.1.evil.example")], &[("Host", "")]]
        {
            let answer = shop.ask_admin(path, HERE, host).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path} as {host:?}");
        }
    }
    let mail_server = [("SMTP_URL", "smtp://127.0.0.1:1"), ("MAIL_FROM", "shop@example.com")];
    let with_server = shop.with_settings(&mail_server);
    with_server.ask_admin("/dev/mailbox", HERE, &[HOST]).await.assert_problem(404, "not_found");
}
