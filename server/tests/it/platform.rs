//! A platform that calls the platform API, and what one call does to a tenant's credits.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use billing::api_key::Scope;
use serde_json::{Value, json};
use server::{
    identity::KeyMode,
    operator::keys::{self, NewKey},
    system::SystemEntropy,
};

use crate::shop::{Answer, Client, TestShop};

on_both_databases!(
    a_tenant_is_made_once_and_told_apart_from_others,
    an_account_of_that_address_brings_its_tenant,
    a_job_is_held_captured_in_parts_and_the_rest_let_go,
    what_was_spent_is_given_back_once_at_most,
    a_grant_gives_and_its_reversal_takes,
    bulk_is_all_or_nothing,
    the_ledger_is_paged_and_filtered,
    purchases_are_shown_as_to_the_buyer,
    a_balance_is_never_older_than_asked_for,
    another_tenants_hold_or_spend_is_unknown,
);

pub const ALL_SCOPES: [&str; 4] = ["tenants:write", "balance:read", "spend", "grant"];

/// A platform's server, with an API key.
#[derive(Clone)]
pub struct Platform {
    pub client: Client,
    pub key: String,
}

/// What a new key is to be, with these scopes.
pub fn wanted(name: &str, scopes: &[&str]) -> NewKey {
    let scopes = scopes.iter().map(|scope| scope.parse::<Scope>().unwrap()).collect();
    NewKey { name: name.to_owned(), scopes, expires_days: None, daily_cap: None }
}

/// Makes a key of a shop that sells for nothing.
pub async fn make_key(shop: &TestShop, wanted: NewKey) -> String {
    make_key_of(shop, KeyMode::Test, wanted).await
}

pub async fn make_key_of(shop: &TestShop, mode: KeyMode, wanted: NewKey) -> String {
    let platform = &shop.state.platform.platform;
    let created = keys::create(platform, mode, (&shop.clock, &SystemEntropy), wanted).await.unwrap();
    created.secret.expose().to_owned()
}

impl Platform {
    /// With a key of every scope.
    pub async fn of(shop: &TestShop) -> Self {
        Self::with_key(shop, make_key(shop, wanted("platform", &ALL_SCOPES)).await)
    }

    pub fn with_key(shop: &TestShop, key: String) -> Self {
        Self { client: shop.visitor(), key }
    }

    /// In another process upon the same database.
    pub fn at(&self, shop: &TestShop) -> Self {
        Self::with_key(shop, self.key.clone())
    }

    pub async fn call(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.key));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.client.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, &format!("/v1/tenants/{path}"), &[], "").await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, &format!("/v1/tenants/{path}"), &[], &body.to_string()).await
    }

    /// Posts with that idempotency key.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        let path = format!("/v1/tenants/{path}");
        self.call(Method::POST, &path, &[("Idempotency-Key", key)], &body.to_string()).await
    }

    /// Posts, and expects to have it done.
    #[track_caller]
    pub fn done(answer: &Answer) -> Value {
        assert!(answer.status.is_success(), "{}: {}", answer.status, answer.text());
        answer.json()
    }

    /// Makes a tenant with some credits.
    pub async fn tenant(&self, external_id: &str, credits: i64) {
        let answer = self.put(external_id, &json!({})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        if credits > 0 {
            let grant = json!({"credits": credits, "reason": "to begin with"});
            let answer = self.post(&format!("{external_id}/grants"), &format!("first-{external_id}"), &grant).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        }
    }

    /// Balance, held and available.
    pub async fn funds(&self, external_id: &str) -> (i64, i64, i64) {
        funds(&Self::done(&self.get(&format!("{external_id}/balance")).await))
    }

    /// The number of ledger entries, and the funds.
    pub async fn state(&self, external_id: &str) -> (usize, (i64, i64, i64)) {
        let page = Self::done(&self.get(&format!("{external_id}/entries?limit=100")).await);
        (page["items"].as_array().unwrap().len(), funds(&page))
    }

    /// Makes a hold; gives its address below the tenants.
    pub async fn hold(&self, external_id: &str, key: &str, body: &Value) -> String {
        let answer = Self::done(&self.post(&format!("{external_id}/holds"), key, body).await);
        format!("{external_id}/holds/{}", answer["hold"]["id"].as_str().unwrap())
    }
}

/// Balance, held and available of an answer.
#[track_caller]
pub fn funds(answer: &Value) -> (i64, i64, i64) {
    assert!(answer["seq"].is_i64(), "{answer}");
    let number = |name: &str| answer[name].as_i64().unwrap_or_else(|| panic!("{name}: {answer}"));
    (number("balance"), number("held"), number("available"))
}

async fn a_tenant_is_made_once_and_told_apart_from_others(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.get("kim").await.assert_problem(404, "not_found");
    let profile = json!({"email": "Kim@example.com", "name": "Kim", "low_balance": 5});
    let made = platform.put("kim", &profile).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let tenant = made.json()["tenant"].clone();
    assert_eq!((&tenant["external_id"], &tenant["email"]), (&json!("kim"), &json!("kim@example.com")));
    assert_eq!((&tenant["name"], &tenant["low_balance"]), (&json!("Kim"), &json!(5)));
    for same in [&profile, &json!({}), &json!({"name": null})] {
        let again = platform.put("kim", same).await;
        assert_eq!((again.status, &again.json()["tenant"]), (StatusCode::OK, &tenant), "{same}");
    }
    let renamed = platform.put("kim", &json!({"name": "Kim B."})).await.json();
    assert_eq!((&renamed["tenant"]["name"], &renamed["tenant"]["id"]), (&json!("Kim B."), &tenant["id"]));
    platform.tenant("lee", 3).await;
    let shown = platform.get("kim").await.json();
    assert_eq!((&shown["tenant"]["name"], funds(&shown)), (&json!("Kim B."), (0, 0, 0)));
    assert_eq!(platform.funds("lee").await, (3, 0, 3));
    for odd in ["a%20b", "a%2Fb", "%ff", "%C3%A4", &"x".repeat(201)] {
        platform.put(odd, &json!({})).await.assert_problem(422, "invalid_external_id");
        platform.get(odd).await.assert_problem(404, "not_found");
    }
    for good in ["user:7@example.com", "a+b=c", &"x".repeat(200)] {
        assert_eq!(platform.put(good, &json!({})).await.status, StatusCode::CREATED, "{good}");
    }
}

async fn an_account_of_that_address_brings_its_tenant(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    assert_eq!(platform.put("kim", &json!({"email": "kim@example.com"})).await.status, StatusCode::CREATED);
    assert_eq!(platform.funds("kim").await, (5, 0, 5));
    platform.post("kim/spends", "1", &json!({"credits": 2})).await;
    assert_eq!(kim.credits().await, 3);
    // The tenant has its external id; another one is another tenant.
    assert_eq!(platform.put("kim-2", &json!({"email": "kim@example.com"})).await.status, StatusCode::CREATED);
    assert_eq!(platform.funds("kim-2").await, (0, 0, 0));
}

async fn a_job_is_held_captured_in_parts_and_the_rest_let_go(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let made = json!({"credits": 8, "ttl_seconds": 60, "reference": "job-1", "description": "A picture", "metadata": {"size": "L"}});
    let made = platform.post("kim/holds", "hold", &made).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let made = made.json();
    assert_eq!((&made["hold"]["status"], funds(&made)), (&json!("ACTIVE"), (10, 8, 2)));
    assert_eq!(made["hold"]["metadata"], json!({"size": "L"}));
    let hold = format!("kim/holds/{}", made["hold"]["id"].as_str().unwrap());
    platform.post("kim/spends", "others", &json!({"credits": 3})).await.assert_problem(402, "insufficient_credits");

    let capture = format!("{hold}/capture");
    let part = Platform::done(&platform.post(&capture, "part", &json!({"credits": 3, "final": false})).await);
    assert_eq!(
        (&part["hold"]["status"], &part["hold"]["captured"], funds(&part)),
        (&json!("ACTIVE"), &json!(3), (7, 5, 2))
    );
    assert_eq!((&part["spend"]["reference"], &part["spend"]["hold_id"]), (&json!("job-1"), &part["hold"]["id"]));
    let beyond = platform.post(&capture, "beyond", &json!({"credits": 6})).await;
    beyond.assert_problem(409, "exceeds_hold");
    assert_eq!(beyond.json()["left"], 5);
    platform.post(&capture, "odd", &json!({"credits": 0, "final": false})).await.assert_problem(422, "invalid_final");
    assert_eq!(platform.get(&hold).await.json()["hold"]["status"], "ACTIVE");
    let last = Platform::done(&platform.post(&capture, "last", &json!({"credits": 1, "description": "Done"})).await);
    assert_eq!((&last["hold"]["status"], funds(&last)), (&json!("CAPTURED"), (6, 0, 6)));
    assert_eq!(last["spend"]["description"], "Done");
    platform.post(&capture, "more", &json!({})).await.assert_problem(409, "hold_finished");
    platform.post(&format!("{hold}/release"), "late", &json!({})).await.assert_problem(409, "hold_finished");

    // A job that failed: nothing was charged, and nothing shows in the ledger.
    let seq = last["seq"].clone();
    for (key, failed) in [("failed-1", "release"), ("failed-2", "capture")] {
        let hold = platform.hold("kim", key, &json!({"credits": 6})).await;
        let body = if failed == "capture" { json!({"credits": 0}) } else { json!({}) };
        let let_go = Platform::done(&platform.post(&format!("{hold}/{failed}"), &format!("{key}-end"), &body).await);
        assert_eq!((&let_go["hold"]["status"], &let_go["seq"]), (&json!("RELEASED"), &seq));
        assert_eq!((funds(&let_go), let_go["spend"].is_null()), ((6, 0, 6), true));
    }
    let whole = platform.hold("kim", "whole", &json!({"credits": 4})).await;
    let spent = Platform::done(&platform.post(&format!("{whole}/capture"), "whole-end", &json!({})).await);
    assert_eq!((&spent["spend"]["credits"], funds(&spent)), (&json!(4), (2, 0, 2)));
}

async fn what_was_spent_is_given_back_once_at_most(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    let spent = Platform::done(&platform.post("kim/spends", "spend", &json!({"credits": 6})).await);
    let path = format!("kim/spends/{}", spent["spend"]["id"].as_str().unwrap());
    let reversals = format!("{path}/reversals");
    platform.post(&reversals, "a", &json!({"credits": 2})).await.assert_problem(422, "invalid_reason");
    let back = platform.post(&reversals, "b", &json!({"credits": 2, "reason": "blurred"})).await;
    assert_eq!(back.status, StatusCode::CREATED);
    let back = back.json();
    assert_eq!(
        (&back["reversal"]["credits"], &back["spend"]["reversed"], funds(&back)),
        (&json!(2), &json!(2), (6, 0, 6))
    );
    let beyond = platform.post(&reversals, "c", &json!({"credits": 5, "reason": "all"})).await;
    beyond.assert_problem(409, "exceeds_spend");
    assert_eq!(beyond.json()["left"], 4);
    let rest = Platform::done(&platform.post(&reversals, "d", &json!({"reason": "all"})).await);
    assert_eq!((&rest["reversal"]["credits"], funds(&rest)), (&json!(4), (10, 0, 10)));
    platform.post(&reversals, "e", &json!({"reason": "all"})).await.assert_problem(409, "exceeds_spend");
    assert_eq!(platform.get(&path).await.json()["spend"]["reversed"], 6);
}

async fn a_grant_gives_and_its_reversal_takes(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 0).await;
    let given = platform.post("kim/grants", "grant", &json!({"credits": 5, "reason": "welcome"})).await;
    assert_eq!(given.status, StatusCode::CREATED);
    let given = given.json();
    assert_eq!((&given["grant"]["granted_by"], funds(&given)), (&json!("platform"), (5, 0, 5)));
    platform.post("kim/spends", "spend", &json!({"credits": 4})).await;
    let reversals = format!("kim/grants/{}/reversals", given["grant"]["id"].as_str().unwrap());
    let taken = Platform::done(&platform.post(&reversals, "back", &json!({"reason": "by mistake"})).await);
    assert_eq!((&taken["grant"]["reversed"], funds(&taken)), (&json!(5), (-4, 0, -4)));
    platform.post(&reversals, "more", &json!({"reason": "again"})).await.assert_problem(409, "exceeds_grant");
    platform.post("kim/spends", "none", &json!({"credits": 1})).await.assert_problem(402, "insufficient_credits");
}

async fn bulk_is_all_or_nothing(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 100).await;
    let line = |credits: i64| json!({"credits": credits, "reference": format!("job-{credits}")});
    let short = platform.post("kim/spends/bulk", "short", &json!({"lines": [line(60), line(41)]})).await;
    short.assert_problem(402, "insufficient_credits");
    assert_eq!(short.json()["required"], 101);
    let wrong = json!({"lines": [line(1), {"credits": 0}]});
    let wrong = platform.post("kim/spends/bulk", "wrong", &wrong).await;
    wrong.assert_problem(422, "invalid_credits");
    assert!(wrong.json()["detail"].as_str().unwrap().starts_with("`lines[1].credits` is wrong."), "{}", wrong.text());
    assert_eq!(platform.funds("kim").await, (100, 0, 100));
    let all = platform.post("kim/spends/bulk", "all", &json!({"lines": vec![line(1); 100]})).await;
    assert_eq!((all.status, funds(&all.json())), (StatusCode::CREATED, (0, 0, 0)));
    assert_eq!(all.json()["spends"].as_array().unwrap().len(), 100);
    platform.post("kim/spends/bulk", "none", &json!({"lines": []})).await.assert_problem(422, "invalid_lines");
}

async fn the_ledger_is_paged_and_filtered(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 100).await;
    for n in 1..=5 {
        let body = json!({"credits": n, "reference": format!("job-{}", n % 2), "description": format!("Job {n}")});
        platform.post("kim/spends", &format!("spend-{n}"), &body).await;
    }
    let mut path = "kim/entries?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = Platform::done(&platform.get(&path).await);
        assert_eq!(funds(&page), (85, 0, 85));
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next_cursor"].as_str() else { break };
        path = format!("kim/entries?limit=2&cursor={next}");
    }
    let numbers: Vec<_> = seen.iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, [6, 5, 4, 3, 2, 1]);
    assert_eq!(
        (&seen[0]["kind"], &seen[0]["credits"], &seen[0]["balance_after"]),
        (&json!("SPEND"), &json!(-5), &json!(85))
    );
    assert_eq!((&seen[0]["source_kind"], &seen[0]["description"]), (&json!("SPEND"), &json!("Job 5")));
    assert_eq!((&seen[5]["kind"], &seen[5]["description"]), (&json!("GRANT"), &json!("to begin with")));
    let count = async |query: &str| {
        Platform::done(&platform.get(&format!("kim/entries?{query}")).await)["items"].as_array().unwrap().len()
    };
    assert_eq!(count("kind=GRANT").await, 1);
    assert_eq!(count("reference=job-1").await, 3);
    assert_eq!(count("kind=SPEND&reference=job-0&cursor=5").await, 1);
    for bad in [
        "limit=0",
        "limit=101",
        "limit=%2B5",
        "cursor=x",
        "cursor=0",
        "cursor=-1",
        "kind=spend",
        "kind=OTHER",
        "reference=",
    ] {
        platform.get(&format!("kim/entries?{bad}")).await.assert_problem(400, "invalid_query");
    }
}

async fn purchases_are_shown_as_to_the_buyer(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    let kim = shop.customer("kim@example.com").await;
    for product in ["credits_5", "credits_1"] {
        kim.buy(product).await;
    }
    platform.put("kim", &json!({"email": "kim@example.com"})).await;
    platform.tenant("lee", 0).await;
    let shown = Platform::done(&platform.get("kim/purchases?limit=1").await);
    assert_eq!(shown["items"][0]["product_id"], "credits_1");
    let next = format!("kim/purchases?cursor={}", shown["next_cursor"].as_str().unwrap());
    assert_eq!(platform.get(&next).await.json()["items"][0], kim.purchases().await[1]);
    assert_eq!(platform.get("lee/purchases").await.json(), json!({"items": [], "next_cursor": null}));
    platform.get("kim/purchases?limit=x").await.assert_problem(400, "invalid_query");
}

async fn a_balance_is_never_older_than_asked_for(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 5).await;
    let spent = Platform::done(&platform.post("kim/spends", "1", &json!({"credits": 1})).await);
    let seq = spent["seq"].as_i64().unwrap();
    let shown = Platform::done(&platform.get(&format!("kim/balance?min_seq={seq}")).await);
    assert_eq!((funds(&shown), shown["seq"].as_i64().unwrap()), ((4, 0, 4), seq));
    // What comes within two seconds is waited for.
    let later = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        platform.post("kim/spends", "2", &json!({"credits": 1})).await
    };
    let path = format!("kim/balance?min_seq={}", seq + 1);
    let (shown, _) = tokio::join!(platform.get(&path), later);
    assert_eq!(funds(&Platform::done(&shown)), (3, 0, 3));
    let never = platform.get(&format!("kim/balance?min_seq={}", seq + 2)).await;
    never.assert_problem(503, "not_caught_up");
    assert_eq!(never.header("retry-after"), "1");
    for bad in ["-1", "x", "1.5", "%2B1", "99999999999999999999"] {
        platform.get(&format!("kim/balance?min_seq={bad}")).await.assert_problem(400, "invalid_query");
    }
}

async fn another_tenants_hold_or_spend_is_unknown(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    platform.tenant("lee", 10).await;
    let hold = platform.hold("kim", "hold", &json!({"credits": 2})).await.replace("kim/", "lee/");
    let spent = Platform::done(&platform.post("kim/spends", "spend", &json!({"credits": 2})).await);
    let path = format!("lee/spends/{}", spent["spend"]["id"].as_str().unwrap());
    let given = Platform::done(&platform.post("kim/grants", "grant", &json!({"credits": 1, "reason": "x"})).await);
    let grant = format!("lee/grants/{}", given["grant"]["id"].as_str().unwrap());
    for item in [&hold, &path] {
        platform.get(item).await.assert_problem(404, "not_found");
    }
    let calls = [
        (format!("{hold}/capture"), json!({})),
        (format!("{hold}/release"), json!({})),
        (format!("{hold}/extend"), json!({"ttl_seconds": 5})),
        (format!("{path}/reversals"), json!({"reason": "x"})),
        (format!("{grant}/reversals"), json!({"reason": "x"})),
        ("nobody/spends".to_owned(), json!({"credits": 1})),
    ];
    for (n, (path, body)) in calls.iter().enumerate() {
        platform.post(path, &format!("foreign-{n}"), body).await.assert_problem(404, "not_found");
    }
    assert_eq!((platform.funds("kim").await, platform.funds("lee").await), ((9, 2, 7), (10, 0, 10)));
}
