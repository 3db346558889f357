//! Spends of the platform API: never more than is there, and never a yes without the commit.

use axum::http::StatusCode;
use futures::future::join_all;
use jiff::SignedDuration;
use serde_json::json;
use server::operator::keys::NewKey;

use crate::{
    platform::{ALL_SCOPES, Platform, make_key, wanted},
    shop::TestShop,
};

on_both_databases!(
    parallel_spends_of_one_credit_spend_it_once,
    a_cost_that_is_no_positive_number_changes_nothing,
    a_key_with_a_cap_spends_no_more_in_a_day,
    a_balance_read_after_a_write_knows_of_it,
    coalescing_can_be_switched_off,
    a_database_that_is_away_is_never_a_yes,
    what_is_short_is_told_with_where_to_buy_more,
);

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

async fn a_cost_that_is_no_positive_number_changes_nothing(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let hold = platform.hold("kim", "hold", &json!({"credits": 5})).await;
    let spent = Platform::done(&platform.post("kim/spends", "spend", &json!({"credits": 2})).await);
    let reversals = format!("kim/spends/{}/reversals", spent["spend"]["id"].as_str().unwrap());
    let before = platform.state("kim").await;
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
    assert_eq!(platform.state("kim").await, before);
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
