//! Invalid input is answered with a problem document.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;
use server::tasks::{Job, Tasks};
use tokio_util::sync::CancellationToken;

use crate::shop::{Answer, Client, TestShop, bare};

on_both_databases!(
    a_body_that_is_not_the_calls_json_is_malformed,
    a_body_of_another_type_is_refused,
    a_large_body_is_refused,
    a_body_that_breaks_off_is_malformed_and_not_large,
    an_unknown_address_is_a_problem_for_programs_and_a_page_for_people,
    health_needs_nobody,
);

/// The calls with a JSON body, each with a valid one.
const CALLS: [(&str, &str); 4] = [
    ("/billing/checkout/session", r#"{"product_id":"credits_1"}"#),
    ("/billing/checkout/complete", r#"{"session_id":"cs_mock_1"}"#),
    ("/auth/accounts", r#"{"email":"lee@example.com","password":"correct horse"}"#),
    ("/auth/session", r#"{"email":"lee@example.com","password":"correct horse"}"#),
];

async fn post(visitor: &Client, path: &str, kind: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut request = Request::post(path);
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    visitor.send(request.body(body.into()).unwrap()).await
}

async fn a_body_that_is_not_the_calls_json_is_malformed(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let deep = format!("{}{}", r#"{"product_id":"#.repeat(2_000), "}".repeat(2_000));
    let wide = format!("[{}1]", "1,".repeat(30_000));
    for (path, good) in CALLS {
        let truncated = &good[..good.len() - 1];
        let doubled = format!("{good}{good}");
        for body in
            ["", "{", "null", "[]", "{}", "7", "\"x\"", r#"{"product_id":7}"#, truncated, &doubled, &deep, &wide]
        {
            let answer = post(&kim, path, Some("application/json"), body.to_owned()).await;
            answer.assert_problem(400, "malformed_body");
        }
        let mut not_utf8 = good.as_bytes().to_vec();
        let quote = not_utf8.len() - 2;
        not_utf8.insert(quote, 0xff);
        post(&kim, path, Some("application/json"), not_utf8).await.assert_problem(400, "malformed_body");
    }
    // JSON allows lone surrogates and NUL in strings, but no product id contains them.
    let surrogate = post(&kim, CALLS[0].0, Some("application/json"), r#"{"product_id":"\ud800"}"#).await;
    surrogate.assert_problem(400, "malformed_body");
    assert!(kim.purchases().await.is_empty());
}

async fn a_body_of_another_type_is_refused(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for (path, good) in CALLS {
        for kind in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("nonsense")] {
            post(&kim, path, kind, good).await.assert_problem(415, "unsupported_media_type");
        }
    }
    let answer = post(&kim, CALLS[0].0, Some("application/json; charset=utf-8"), CALLS[0].1).await;
    assert_eq!(answer.status, StatusCode::CREATED);
}

async fn a_large_body_is_refused(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for (path, good) in CALLS {
        let large = format!("{good}{}", " ".repeat(64 * 1024));
        post(&kim, path, Some("application/json"), large.clone()).await.assert_problem(413, "body_too_large");
        let chunks =
            large.into_bytes().chunks(4_096).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
        let body = Body::from_stream(futures::stream::iter(chunks));
        post(&kim, path, Some("application/json"), body).await.assert_problem(413, "body_too_large");
    }
}

async fn a_body_that_breaks_off_is_malformed_and_not_large(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for (path, good) in CALLS.into_iter().chain([("/billing/webhook", "{}")]) {
        let broken = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "Invalid chunk size line");
        let chunks = [Ok(good.as_bytes().to_vec()), Err(broken())];
        let body = Body::from_stream(futures::stream::iter(chunks));
        post(&kim, path, Some("application/json"), body).await.assert_problem(400, "malformed_body");
    }
    let large = vec![b' '; 256 * 1024 + 1];
    post(&kim, "/billing/webhook", Some("application/json"), large.clone()).await.assert_problem(413, "body_too_large");
    let body = Body::from_stream(futures::stream::iter([Ok::<_, std::io::Error>(large)]));
    post(&kim, "/billing/webhook", Some("application/json"), body).await.assert_problem(413, "body_too_large");
    for path in ["/signin", "/signup", "/locale", "/withdraw"] {
        let chunks = [Ok(b"a=b".to_vec()), Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))];
        let body = Body::from_stream(futures::stream::iter(chunks));
        post(&kim, path, Some("application/x-www-form-urlencoded"), body).await.assert_problem(400, "bad_request");
    }
}

async fn an_unknown_address_is_a_problem_for_programs_and_a_page_for_people(shop: TestShop) {
    let visitor = shop.visitor();
    for path in
        ["/billing", "/billing/", "/billing/nowhere", "/billing/purchases/", "/auth/x", "/api/x", "/billing/%ff"]
    {
        visitor.get(path).await.assert_problem(404, "not_found");
    }
    for path in
        ["/nowhere", "/pkg/none.js", "/..%2f..%2fetc/passwd", "/%2e%2e/Cargo.toml", "/%ff", "/%00", "/a/b/c?d=e"]
    {
        let mut request = bare(Method::GET, path);
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let answer = visitor.send(request).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.header("content-type").starts_with("text/html"), "{path}: {}", answer.text());
    }
    visitor.send(bare(Method::POST, "/nowhere")).await.assert_problem(404, "not_found");
    visitor.send(bare(Method::PUT, "/signin")).await.assert_problem(405, "method_not_allowed");
}

async fn health_needs_nobody(shop: TestShop) {
    for path in ["/healthz", "/readyz"] {
        let answer = shop.visitor().get(path).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::OK, json!({"status": "ok"})));
    }
}

/// On a runtime of its own with a paused clock.
#[tokio::test]
async fn a_process_whose_background_task_hangs_is_not_ready() {
    let database = store_sqlite::testing::TestDatabase::create().await.unwrap();
    let shop = TestShop::open(&database.url()).await;
    let (shutdown, hangs) = (CancellationToken::new(), Duration::from_secs(1));
    let tasks = Tasks::new(shop.state.tasks.clone(), shop.state.clock.clone(), shutdown.clone());
    tasks.start(Job::new("mails", hangs, hangs, std::future::pending));
    health_needs_nobody(shop.clone()).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_mins(1)).await;
    tokio::time::resume();
    let answer = shop.visitor().get("/readyz").await;
    assert_eq!(answer.header("x-late-tasks"), "mails");
    answer.assert_problem(503, "task_late");
    shutdown.cancel();
}
