//! Holds of the platform API: they end by the clock, and nothing else takes what they hold.

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    platform::{Platform, funds},
    shop::TestShop,
};

on_both_databases!(
    a_spend_takes_nothing_from_holds,
    a_hold_ends_by_the_clock_without_anybody_tidying,
    a_late_capture_races_the_sweeper_and_charges_once,
    a_duplicate_that_fails_releases_nothing,
    holds_that_are_over_do_not_fill_the_cap,
    an_extended_hold_lasts_longer_and_holds_more,
    a_hold_is_never_more_than_can_be_captured_at_once,
);

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
    assert_eq!(platform.state("kim").await, (11, (30, 0, 30)));
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

async fn a_hold_is_never_more_than_can_be_captured_at_once(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 1_000_000_000).await;
    let grant = json!({"credits": 1_000_000_000, "reason": "so that the balance is not the limit"});
    Platform::done(&platform.post("kim/grants", "more", &grant).await);
    let hold = platform.hold("kim", "hold", &json!({"credits": 999_999_999})).await;
    let extend = async |key: &str| {
        platform.post(&format!("{hold}/extend"), key, &json!({"ttl_seconds": 600, "credits": 1})).await
    };
    Platform::done(&extend("to-the-most").await);
    extend("beyond").await.assert_problem(422, "invalid_credits");
    Platform::done(&platform.post(&format!("{hold}/capture"), "capture", &json!({})).await);
    assert_eq!(platform.funds("kim").await, (1_000_000_000, 0, 1_000_000_000));
}
