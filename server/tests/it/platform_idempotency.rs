//! Idempotency keys of the platform API: one effect for each, and the same answer again.

use axum::http::{Method, StatusCode};
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    platform::{ALL_SCOPES, Platform, make_key, wanted},
    shop::{Answer, TestShop},
};

on_both_databases!(
    a_repeated_call_is_answered_byte_for_byte,
    a_key_of_another_request_is_refused,
    a_call_that_writes_needs_one_key,
    a_refused_key_stays_refused_after_a_top_up_and_a_new_one_goes_through,
    parallel_calls_with_one_key_have_one_effect,
    a_repeat_in_another_process_charges_once,
);

/// What a repeated call must not change.
fn repeatable(answer: &Answer) -> (StatusCode, String, Vec<u8>) {
    (answer.status, answer.header("content-type").to_owned(), answer.body.clone())
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

async fn a_repeated_call_is_answered_byte_for_byte(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 20).await;
    let spent = Platform::done(&platform.post("kim/spends", "first", &json!({"credits": 4})).await);
    let given = Platform::done(&platform.post("kim/grants", "given", &json!({"credits": 4, "reason": "x"})).await);
    let path = format!("kim/spends/{}", spent["spend"]["id"].as_str().unwrap());
    let grant = format!("kim/grants/{}", given["grant"]["id"].as_str().unwrap());
    let mut holds = Vec::new();
    for n in 0..4 {
        holds.push(platform.hold("kim", &format!("hold-{n}"), &json!({"credits": 1})).await);
    }
    let calls = [
        ("kim/spends".to_owned(), json!({"credits": 2, "metadata": {"b": "1", "a": "2"}, "reference": "r"}), 201),
        ("kim/spends".to_owned(), json!({"credits": 1_000}), 402),
        ("kim/spends/bulk".to_owned(), json!({"lines": [{"credits": 1}, {"credits": 2}]}), 201),
        ("kim/spends/bulk".to_owned(), json!({"lines": [{"credits": 1}, {"credits": 1_000}]}), 402),
        (format!("{path}/reversals"), json!({"credits": 3, "reason": "x"}), 201),
        (format!("{path}/reversals"), json!({"credits": 2, "reason": "x"}), 409),
        ("kim/holds".to_owned(), json!({"credits": 3, "ttl_seconds": 60}), 201),
        ("kim/holds".to_owned(), json!({"credits": 1_000}), 402),
        (format!("{}/capture", holds[0]), json!({}), 200),
        (format!("{}/capture", holds[0]), json!({"credits": 1}), 409),
        (format!("{}/capture", holds[1]), json!({"credits": 0}), 200),
        (format!("{}/release", holds[2]), json!({}), 200),
        (format!("{}/extend", holds[3]), json!({"ttl_seconds": 60, "credits": 1}), 200),
        (format!("{}/extend", holds[3]), json!({"ttl_seconds": 60, "credits": 1_000}), 402),
        ("kim/grants".to_owned(), json!({"credits": 1, "reason": "x"}), 201),
        (format!("{grant}/reversals"), json!({"credits": 4, "reason": "x"}), 201),
        (format!("{grant}/reversals"), json!({"credits": 1, "reason": "x"}), 409),
    ];
    let mut firsts = Vec::new();
    for (n, (path, body, status)) in calls.iter().enumerate() {
        let first = platform.post(path, &format!("call-{n}"), body).await;
        assert_eq!((first.status.as_u16(), is_replay(&first)), (*status, false), "{path} {body}: {}", first.text());
        firsts.push(first);
    }
    // Whatever has happened since, and whichever of the platform's keys asks.
    let state = platform.state("kim").await;
    shop.clock.stop();
    shop.clock.advance(SignedDuration::from_hours(1));
    let state_later = platform.state("kim").await;
    assert_eq!(state.0, state_later.0);
    let other = Platform::with_key(&shop.with_settings(&[]), make_key(&shop, wanted("other", &ALL_SCOPES)).await);
    for caller in [&platform, &other] {
        for (n, ((path, body, _), first)) in calls.iter().zip(&firsts).enumerate() {
            let again = caller.post(path, &format!("call-{n}"), body).await;
            assert_eq!(repeatable(&again), repeatable(first), "{path} {body}");
            assert!(is_replay(&again), "{path} {body}");
        }
    }
    assert_eq!(platform.state("kim").await, state_later);
    // The same said otherwise is the same.
    let spelled = r#" { "reference":"r" , "metadata":{"a":"2","b":"1"}, "credits":2, "description":null } "#;
    let again = platform.call(Method::POST, "/v1/tenants/kim/spends", &[("Idempotency-Key", "call-0")], spelled).await;
    assert_eq!(repeatable(&again), repeatable(&firsts[0]));
}

async fn a_key_of_another_request_is_refused(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 9).await;
    platform.tenant("lee", 9).await;
    Platform::done(&platform.post("kim/spends", "key", &json!({"credits": 1, "reference": "a"})).await);
    for (path, body) in [
        ("kim/spends", json!({"credits": 2, "reference": "a"})),
        ("kim/spends", json!({"credits": 1, "reference": "b"})),
        ("kim/spends", json!({"credits": 1})),
        ("kim/holds", json!({"credits": 1})),
        ("kim/spends/bulk", json!({"lines": [{"credits": 1, "reference": "a"}]})),
        ("lee/spends", json!({"credits": 1, "reference": "a"})),
    ] {
        let answer = platform.post(path, "key", &body).await;
        answer.assert_problem(409, "idempotency_key_reused");
        assert!(!is_replay(&answer));
    }
    assert_eq!((platform.funds("kim").await, platform.funds("lee").await), ((8, 0, 8), (9, 0, 9)));
}

async fn a_call_that_writes_needs_one_key(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 9).await;
    let body = r#"{"credits":1}"#;
    let call =
        async |headers: &[(&str, &str)]| platform.call(Method::POST, "/v1/tenants/kim/spends", headers, body).await;
    call(&[]).await.assert_problem(400, "idempotency_key_required");
    let long = "x".repeat(256);
    for bad in ["", " ", "a b", "ä", &long] {
        call(&[("Idempotency-Key", bad)]).await.assert_problem(400, "invalid_idempotency_key");
    }
    call(&[("Idempotency-Key", "a"), ("Idempotency-Key", "a")]).await.assert_problem(400, "invalid_idempotency_key");
    assert_eq!(platform.funds("kim").await, (9, 0, 9));
    assert_eq!(call(&[("Idempotency-Key", &long[1..])]).await.status, StatusCode::CREATED);
}

async fn a_refused_key_stays_refused_after_a_top_up_and_a_new_one_goes_through(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    let kim = shop.customer("kim@example.com").await;
    platform.put("kim", &json!({"email": "kim@example.com"})).await;
    let body = json!({"credits": 3});
    let refused = platform.post("kim/spends", "job", &body).await;
    refused.assert_problem(402, "insufficient_credits");
    kim.buy("credits_5").await;
    let again = platform.post("kim/spends", "job", &body).await;
    assert_eq!((repeatable(&again), is_replay(&again)), (repeatable(&refused), true));
    assert_eq!(platform.post("kim/spends", "job after top-up", &body).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(platform.post("kim/spends", "job-2", &body).await.status, StatusCode::CREATED);
    assert_eq!(kim.credits().await, 2);
    // Thirty days later the refusal is forgotten; what was booked never is.
    shop.clock.stop();
    let days_later = async |days: i64| {
        shop.clock.advance(SignedDuration::from_hours(24 * days));
        shop.state.platform.platform.tidy().await.unwrap();
    };
    days_later(29).await;
    assert!(is_replay(&platform.post("kim/spends", "job", &body).await));
    days_later(2).await;
    assert!(is_replay(&platform.post("kim/spends", "job-2", &body).await));
    let fresh = platform.post("kim/spends", "job", &body).await;
    assert!(!is_replay(&fresh));
    fresh.assert_problem(402, "insufficient_credits");
}

async fn parallel_calls_with_one_key_have_one_effect(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 100).await;
    let others = [
        platform.clone(),
        platform.at(&shop.with_settings(&[])),
        platform.at(&shop.with_settings(&[("COALESCING", "off")])),
    ];
    let body = json!({"credits": 2});
    let answers = join_all((0..24).map(|n| others[n % 3].post("kim/spends", "job", &body))).await;
    let first = answers.iter().find(|answer| !is_replay(answer)).expect("one that was executed");
    assert_eq!(answers.iter().filter(|answer| !is_replay(answer)).count(), 1);
    for answer in &answers {
        assert_eq!(repeatable(answer), repeatable(first));
    }
    assert_eq!(platform.funds("kim").await, (98, 0, 98));
}

async fn a_repeat_in_another_process_charges_once(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let hold = platform.hold("kim", "hold", &json!({"credits": 5})).await;
    let path = format!("{hold}/capture");
    let first = platform.post(&path, "capture", &json!({"credits": 3})).await;
    // The first process is gone, and its memory with it.
    let restarted = platform.at(&shop.with_settings(&[]));
    let again = restarted.post(&path, "capture", &json!({"credits": 3})).await;
    assert_eq!((repeatable(&again), is_replay(&again)), (repeatable(&first), true));
    assert_eq!(restarted.state("kim").await, (2, (7, 0, 7)));
}
