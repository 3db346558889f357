//! The wallet's rules, tried from outside: one effect for each key, never more spent than is there, holds that end.

use axum::http::{Method, StatusCode};
use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use server::operator::keys::NewKey;

use crate::{
    platform::{ALL_SCOPES, Platform, funds, make_key, wanted},
    shop::{Answer, TestShop},
};

on_both_databases!(
    a_repeated_call_is_answered_byte_for_byte,
    a_key_of_another_request_is_refused,
    a_call_that_writes_needs_one_key,
    a_refused_key_stays_refused_after_a_top_up_and_a_new_one_goes_through,
    parallel_spends_of_one_credit_spend_it_once,
    parallel_calls_with_one_key_have_one_effect,
    a_repeat_in_another_process_charges_once,
    a_spend_takes_nothing_from_holds,
    a_hold_ends_by_the_clock_without_anybody_tidying,
    a_late_capture_races_the_sweeper_and_charges_once,
    a_duplicate_that_fails_releases_nothing,
    holds_that_are_over_do_not_fill_the_cap,
    an_extended_hold_lasts_longer_and_holds_more,
    a_cost_that_is_no_positive_number_changes_nothing,
    a_key_with_a_cap_spends_no_more_in_a_day,
    a_balance_read_after_a_write_knows_of_it,
    coalescing_can_be_switched_off,
    a_database_that_is_away_is_never_a_yes,
    what_is_short_is_told_with_where_to_buy_more,
);

/// What a repeated call must not change.
fn repeatable(answer: &Answer) -> (StatusCode, String, Vec<u8>) {
    (answer.status, answer.header("content-type").to_owned(), answer.body.clone())
}

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

/// The number of ledger entries, and the funds.
async fn state_of(platform: &Platform, external_id: &str) -> (usize, (i64, i64, i64)) {
    let page = Platform::done(&platform.get(&format!("{external_id}/entries?limit=100")).await);
    (page["items"].as_array().unwrap().len(), funds(&page))
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
    let state = state_of(&platform, "kim").await;
    shop.clock.stop();
    shop.clock.advance(SignedDuration::from_hours(1));
    let state_later = state_of(&platform, "kim").await;
    assert_eq!(state.0, state_later.0);
    let other = Platform::with_key(&shop.with_settings(&[]), make_key(&shop, wanted("other", &ALL_SCOPES)).await);
    for caller in [&platform, &other] {
        for (n, ((path, body, _), first)) in calls.iter().zip(&firsts).enumerate() {
            let again = caller.post(path, &format!("call-{n}"), body).await;
            assert_eq!(repeatable(&again), repeatable(first), "{path} {body}");
            assert!(is_replay(&again), "{path} {body}");
        }
    }
    assert_eq!(state_of(&platform, "kim").await, state_later);
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
    shop.clock.advance(SignedDuration::from_hours(24 * 31));
    shop.state.platform.platform.tidy().await.unwrap();
    assert!(is_replay(&platform.post("kim/spends", "job-2", &body).await));
    let fresh = platform.post("kim/spends", "job", &body).await;
    assert!(!is_replay(&fresh));
    fresh.assert_problem(402, "insufficient_credits");
}

async fn parallel_spends_of_one_credit_spend_it_once(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 1).await;
    let others = [
        platform.clone(),
        platform.at(&shop.with_settings(&[])),
        platform.at(&shop.with_settings(&[("COALESCING", "off")])),
    ];
    let one = json!({"credits": 1});
    let calls = (0..30).map(|n| {
        let (caller, one) = (others[n % 3].clone(), one.clone());
        async move {
            let key = format!("call-{n}");
            match n % 2 {
                0 => caller.post("kim/spends", &key, &one).await,
                _ => caller.post("kim/holds", &key, &one).await,
            }
        }
    });
    let answers = join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != StatusCode::CREATED) {
        answer.assert_problem(402, "insufficient_credits");
    }
    assert_eq!(platform.funds("kim").await.2, 0);
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
    assert_eq!(state_of(&restarted, "kim").await, (2, (7, 0, 7)));
}

async fn a_spend_takes_nothing_from_holds(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let (a, b) = (
        platform.hold("kim", "a", &json!({"credits": 4})).await,
        platform.hold("kim", "b", &json!({"credits": 4})).await,
    );
    for (path, body) in [
        ("kim/spends", json!({"credits": 3})),
        ("kim/holds", json!({"credits": 3})),
        ("kim/spends/bulk", json!({"lines": [{"credits": 1}, {"credits": 2}]})),
    ] {
        platform.post(path, &format!("short-{path}"), &body).await.assert_problem(402, "insufficient_credits");
    }
    // An overrun is not taken from the other job's hold.
    platform.post(&format!("{a}/capture"), "overrun", &json!({"credits": 7})).await.assert_problem(409, "exceeds_hold");
    let more = json!({"ttl_seconds": 60, "credits": 3});
    platform.post(&format!("{a}/extend"), "more", &more).await.assert_problem(402, "insufficient_credits");
    Platform::done(&platform.post("kim/spends", "fits", &json!({"credits": 2})).await);
    for (n, hold) in [a, b].iter().enumerate() {
        Platform::done(&platform.post(&format!("{hold}/capture"), &format!("whole-{n}"), &json!({})).await);
    }
    assert_eq!(platform.funds("kim").await, (0, 0, 0));
}

async fn a_hold_ends_by_the_clock_without_anybody_tidying(shop: TestShop) {
    shop.clock.stop();
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let hold = platform.hold("kim", "hold", &json!({"credits": 10, "ttl_seconds": 60})).await;
    let end: Timestamp = platform.get(&hold).await.json()["hold"]["expires_at"].as_str().unwrap().parse().unwrap();
    shop.clock.advance(SignedDuration::from_secs(60) - SignedDuration::from_micros(1));
    assert_eq!(platform.funds("kim").await, (10, 10, 0));
    platform.post("kim/spends", "early", &json!({"credits": 1})).await.assert_problem(402, "insufficient_credits");
    shop.clock.advance(SignedDuration::from_micros(1));
    let shown = platform.get(&hold).await.json();
    assert_eq!((&shown["hold"]["status"], funds(&shown)), (&json!("EXPIRED"), (10, 0, 10)));
    assert_eq!(end.to_string(), shown["hold"]["expires_at"].as_str().unwrap());
    Platform::done(&platform.post("kim/spends", "late", &json!({"credits": 4})).await);
    // What the available credits cover is captured late; more is not, and says so.
    let late = platform.post(&format!("{hold}/capture"), "all", &json!({})).await;
    late.assert_problem(410, "hold_expired");
    assert_eq!((late.json()["available"].clone(), late.json()["top_up_url"].is_string()), (json!(6), true));
    let part = Platform::done(&platform.post(&format!("{hold}/capture"), "part", &json!({"credits": 6})).await);
    assert_eq!((&part["hold"]["status"], funds(&part)), (&json!("CAPTURED"), (0, 0, 0)));
}

async fn a_late_capture_races_the_sweeper_and_charges_once(shop: TestShop) {
    shop.clock.stop();
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 100).await;
    let mut holds = Vec::new();
    for n in 0..10 {
        holds.push(platform.hold("kim", &format!("hold-{n}"), &json!({"credits": 10, "ttl_seconds": 1})).await);
    }
    shop.clock.advance(SignedDuration::from_secs(2));
    let sweeper = shop.state.platform.platform.clone();
    let captures = holds.iter().enumerate().map(|(n, hold)| {
        let platform = platform.clone();
        async move { platform.post(&format!("{hold}/capture"), &format!("capture-{n}"), &json!({"credits": 7})).await }
    });
    let (answers, swept) = tokio::join!(join_all(captures), sweeper.tidy());
    assert!(swept.unwrap() <= 10);
    for answer in &answers {
        assert_eq!(Platform::done(answer)["hold"]["status"], "CAPTURED");
    }
    sweeper.tidy().await.unwrap();
    assert_eq!(state_of(&platform, "kim").await, (11, (30, 0, 30)));
    for hold in holds {
        assert_eq!(platform.get(&hold).await.json()["hold"]["status"], "CAPTURED");
    }
}

async fn a_duplicate_that_fails_releases_nothing(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let body = json!({"credits": 6, "reference": "job"});
    let hold = platform.hold("kim", "job", &body).await;
    // The duplicate of the running job: answered, or refused, and the hold stays.
    assert_eq!(platform.hold("kim", "job", &body).await, hold);
    platform.post("kim/holds", "job", &json!({"credits": 7})).await.assert_problem(409, "idempotency_key_reused");
    platform.post("kim/holds", "job-again", &body).await.assert_problem(402, "insufficient_credits");
    let shown = platform.get(&hold).await.json();
    assert_eq!((&shown["hold"]["status"], funds(&shown)), (&json!("ACTIVE"), (10, 6, 4)));
    // A release that is repeated releases no later hold.
    Platform::done(&platform.post(&format!("{hold}/release"), "release", &json!({})).await);
    let next = platform.hold("kim", "next", &body).await;
    Platform::done(&platform.post(&format!("{hold}/release"), "release", &json!({})).await);
    Platform::done(&platform.post(&format!("{hold}/release"), "release-2", &json!({})).await);
    assert_eq!(platform.get(&next).await.json()["hold"]["status"], "ACTIVE");
    assert_eq!(platform.funds("kim").await, (10, 6, 4));
}

async fn holds_that_are_over_do_not_fill_the_cap(shop: TestShop) {
    shop.clock.stop();
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 1_000).await;
    let hold = json!({"credits": 1, "ttl_seconds": 60});
    let first = platform.hold("kim", "hold-0", &hold).await;
    join_all((1..100).map(|n| {
        let (platform, hold) = (platform.clone(), hold.clone());
        async move { platform.hold("kim", &format!("hold-{n}"), &hold).await }
    }))
    .await;
    let refused = platform.post("kim/holds", "more", &hold).await;
    refused.assert_problem(429, "too_many_holds");
    assert_ne!(refused.header("retry-after"), "");
    Platform::done(&platform.post(&format!("{first}/release"), "release", &json!({})).await);
    // The limit passes by itself, so the same key goes through.
    Platform::done(&platform.post("kim/holds", "more", &hold).await);
    platform.post("kim/holds", "even-more", &hold).await.assert_problem(429, "too_many_holds");
    shop.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(platform.funds("kim").await, (1_000, 0, 1_000));
    Platform::done(&platform.post("kim/holds", "even-more", &hold).await);
    assert_eq!(platform.funds("kim").await, (1_000, 1, 999));
}

async fn an_extended_hold_lasts_longer_and_holds_more(shop: TestShop) {
    shop.clock.stop();
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let hold = platform.hold("kim", "hold", &json!({"credits": 4, "ttl_seconds": 60})).await;
    let extend = format!("{hold}/extend");
    shop.clock.advance(SignedDuration::from_secs(50));
    let longer = Platform::done(&platform.post(&extend, "longer", &json!({"ttl_seconds": 60, "credits": 3})).await);
    assert_eq!((&longer["hold"]["credits"], funds(&longer)), (&json!(7), (10, 7, 3)));
    shop.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(platform.funds("kim").await, (10, 7, 3));
    shop.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(platform.funds("kim").await, (10, 0, 10));
    let revived = Platform::done(&platform.post(&extend, "revived", &json!({"ttl_seconds": 60})).await);
    assert_eq!((&revived["hold"]["status"], funds(&revived)), (&json!("ACTIVE"), (10, 7, 3)));
    platform.post(&extend, "none", &json!({})).await.assert_problem(422, "invalid_ttl");
    platform.post(&extend, "long", &json!({"ttl_seconds": 86_401})).await.assert_problem(422, "invalid_ttl");
}

async fn a_cost_that_is_no_positive_number_changes_nothing(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let hold = platform.hold("kim", "hold", &json!({"credits": 5})).await;
    let spent = Platform::done(&platform.post("kim/spends", "spend", &json!({"credits": 2})).await);
    let reversals = format!("kim/spends/{}/reversals", spent["spend"]["id"].as_str().unwrap());
    let before = state_of(&platform, "kim").await;
    let bad = [json!(0), json!(-5), json!(1.5), json!("5"), json!(1_000_000_001), json!(true), json!([1])];
    for (n, credits) in bad.iter().enumerate() {
        let reason = json!({"credits": credits, "reason": "x"});
        let calls = [
            ("kim/spends".to_owned(), json!({"credits": credits})),
            ("kim/spends/bulk".to_owned(), json!({"lines": [{"credits": 1}, {"credits": credits}]})),
            ("kim/holds".to_owned(), json!({"credits": credits})),
            (format!("{hold}/extend"), json!({"ttl_seconds": 5, "credits": credits})),
            (format!("{hold}/capture"), json!({"credits": credits})),
            (reversals.clone(), reason.clone()),
            ("kim/grants".to_owned(), reason),
        ];
        for (path, body) in calls {
            if path.ends_with("/capture") && credits == 0 {
                continue;
            }
            platform.post(&path, &format!("bad-{n}"), &body).await.assert_problem(422, "invalid_credits");
        }
    }
    assert_eq!(state_of(&platform, "kim").await, before);
    // The key of what was not understood is free.
    Platform::done(&platform.post("kim/spends", "bad-0", &json!({"credits": 1})).await);
}

async fn a_key_with_a_cap_spends_no_more_in_a_day(shop: TestShop) {
    shop.clock.stop();
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 100).await;
    let capped = make_key(&shop, NewKey { daily_cap: Some(10), ..wanted("capped", &ALL_SCOPES) }).await;
    let capped = Platform::with_key(&shop, capped);
    Platform::done(&capped.post("kim/spends", "1", &json!({"credits": 7})).await);
    let refused = capped.post("kim/spends", "2", &json!({"credits": 4})).await;
    refused.assert_problem(429, "daily_cap");
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&wait), "{wait}");
    Platform::done(&capped.post("kim/spends", "3", &json!({"credits": 3})).await);
    Platform::done(&platform.post("kim/spends", "4", &json!({"credits": 4})).await);
    shop.clock.advance(SignedDuration::from_secs(wait));
    Platform::done(&capped.post("kim/spends", "2", &json!({"credits": 4})).await);
    assert_eq!(platform.funds("kim").await, (82, 0, 82));
}

async fn a_balance_read_after_a_write_knows_of_it(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 50).await;
    let other = platform.at(&shop.with_settings(&[]));
    join_all((0..20).map(|n| {
        let (platform, other) = (platform.clone(), other.clone());
        async move {
            let written =
                Platform::done(&platform.post("kim/spends", &format!("spend-{n}"), &json!({"credits": 1})).await);
            let seq = written["seq"].as_i64().unwrap();
            let read = Platform::done(&other.get(&format!("kim/balance?min_seq={seq}")).await);
            assert!(read["seq"].as_i64().unwrap() >= seq);
            assert!(read["balance"].as_i64().unwrap() <= written["balance"].as_i64().unwrap());
        }
    }))
    .await;
    assert_eq!(platform.funds("kim").await, (30, 0, 30));
}

async fn coalescing_can_be_switched_off(shop: TestShop) {
    let alone = shop.with_settings(&[("COALESCING", "off")]);
    let platform = Platform::of(&alone).await;
    platform.tenant("kim", 10).await;
    let answers = join_all((0..12).map(|n| {
        let platform = platform.clone();
        async move { platform.post("kim/spends", &format!("spend-{n}"), &json!({"credits": 1})).await }
    }))
    .await;
    assert_eq!(answers.iter().filter(|answer| answer.status == StatusCode::CREATED).count(), 10);
    assert_eq!(platform.funds("kim").await, (0, 0, 0));
}

async fn a_database_that_is_away_is_never_a_yes(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    shop.state.store.close().await;
    for (path, body) in [("kim/spends", json!({"credits": 1})), ("kim/holds", json!({"credits": 1}))] {
        let answer = platform.post(path, "k", &body).await;
        answer.assert_problem(503, "database_unavailable");
        assert_ne!(answer.header("retry-after"), "");
    }
    platform.get("kim/balance").await.assert_problem(503, "database_unavailable");
}

async fn what_is_short_is_told_with_where_to_buy_more(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    platform.hold("kim", "hold", &json!({"credits": 4})).await;
    let refused = platform.post("kim/spends", "spend", &json!({"credits": 7})).await;
    refused.assert_problem(402, "insufficient_credits");
    let told = refused.json();
    let numbers = ["required", "available", "balance", "held"].map(|name| told[name].as_i64());
    assert_eq!(numbers, [Some(7), Some(6), Some(10), Some(4)]);
    let url: url::Url = told["top_up_url"].as_str().unwrap().parse().unwrap();
    assert_eq!(url.as_str(), "http://127.0.0.1:3000/");
    assert_eq!(shop.visitor().get(url.path()).await.status, StatusCode::OK);
}
