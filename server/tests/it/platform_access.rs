//! Every call of the platform API by the wrong caller.

use std::collections::BTreeMap;

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use billing::api_key::Scope;
use jiff::SignedDuration;
use serde_json::{Value, json};
use server::{
    http::platform::CALLS,
    identity::KeyMode,
    operator::keys::{self, NewKey},
};

use crate::{
    platform::{ALL_SCOPES, Platform, make_key, make_key_of, wanted},
    shop::{Answer, Client, TestShop},
};

on_both_databases!(
    each_call_by_each_wrong_caller_gets_nowhere,
    a_page_with_an_api_key_is_as_if_signed_out,
    a_revocation_counts_at_once_in_every_process,
    another_sites_page_gets_nowhere_with_a_session_and_a_platform_is_no_browser,
    too_many_calls_of_one_key_hold_up_no_other,
    a_live_shop_takes_live_keys_alone,
    a_key_is_given_once_and_as_a_bearer_token,
    an_unknown_address_looks_at_no_session,
);

const UNKNOWN: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";

/// Each call, the scope that it needs, and a body that would do.
const TABLE: [(&str, &str, &str, &str); 16] = [
    ("put", "/v1/tenants/{external_id}", "tenants:write", "{}"),
    ("get", "/v1/tenants/{external_id}", "balance:read", ""),
    ("get", "/v1/tenants/{external_id}/balance", "balance:read", ""),
    ("get", "/v1/tenants/{external_id}/entries", "balance:read", ""),
    ("get", "/v1/tenants/{external_id}/purchases", "balance:read", ""),
    ("post", "/v1/tenants/{external_id}/spends", "spend", r#"{"credits":1}"#),
    ("post", "/v1/tenants/{external_id}/spends/bulk", "spend", r#"{"lines":[{"credits":1}]}"#),
    ("get", "/v1/tenants/{external_id}/spends/{id}", "spend", ""),
    ("post", "/v1/tenants/{external_id}/spends/{id}/reversals", "spend", r#"{"reason":"x"}"#),
    ("post", "/v1/tenants/{external_id}/holds", "spend", r#"{"credits":1}"#),
    ("get", "/v1/tenants/{external_id}/holds/{id}", "spend", ""),
    ("post", "/v1/tenants/{external_id}/holds/{id}/capture", "spend", "{}"),
    ("post", "/v1/tenants/{external_id}/holds/{id}/release", "spend", ""),
    ("post", "/v1/tenants/{external_id}/holds/{id}/extend", "spend", r#"{"ttl_seconds":5}"#),
    ("post", "/v1/tenants/{external_id}/grants", "grant", r#"{"credits":1,"reason":"x"}"#),
    ("post", "/v1/tenants/{external_id}/grants/{id}/reversals", "grant", r#"{"reason":"x"}"#),
];

fn request(row: (&str, &str, &str, &str), authorization: Option<&str>) -> Request<Body> {
    let (method, template, _, body) = row;
    let path = template.replace("{external_id}", "kim").replace("{id}", UNKNOWN);
    let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
    let mut request = Request::builder().method(method).uri(path).header("Idempotency-Key", "k");
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(value) = authorization {
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

async fn each_call_by_each_wrong_caller_gets_nowhere(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 5).await;
    let (right, mistyped) = (platform.key.clone(), platform.key.replace("ck_test_", "ck_test_2"));
    let unknown = server::identity::ApiKeySecret::generate(KeyMode::Test).unwrap().expose().to_owned();
    let expired = make_key(&shop, NewKey { expires_days: Some(1), ..wanted("expired", &ALL_SCOPES) }).await;
    let revoked = make_key(&shop, wanted("revoked", &ALL_SCOPES)).await;
    keys::revoke(&shop.state.platform.platform, "revoked").await.unwrap();
    let live = make_key_of(&shop, KeyMode::Live, wanted("live", &ALL_SCOPES)).await;
    let mut without = BTreeMap::new();
    let mut with = BTreeMap::new();
    for scope in ALL_SCOPES {
        let others: Vec<_> = ALL_SCOPES.into_iter().filter(|other| *other != scope).collect();
        without.insert(scope, make_key(&shop, wanted(&format!("without {scope}"), &others)).await);
        with.insert(scope, make_key(&shop, wanted(&format!("with {scope}"), &[scope])).await);
    }
    let signed_in = shop.customer("lee@example.com").await;
    // The key expires, and a session that is looked at is prolonged.
    shop.clock.stop();
    shop.clock.advance(SignedDuration::from_hours(25));
    let stranger = shop.visitor();
    let bearer = |key: &str| format!("Bearer {key}");

    for row in TABLE {
        let call = async |client: &Client, key: Option<String>| client.send(request(row, key.as_deref())).await;
        let refused = [
            (&stranger, None, "api_key_required"),
            // A session is no key, and does not add to one.
            (&signed_in, None, "api_key_required"),
            (&signed_in, Some(bearer(&expired)), "invalid_api_key"),
            (&stranger, Some("Basic a2ltOmtpbQ==".to_owned()), "api_key_required"),
            (&stranger, Some(right.clone()), "api_key_required"),
            (&stranger, Some(bearer(&mistyped)), "invalid_api_key"),
            (&stranger, Some(bearer(&unknown)), "invalid_api_key"),
            (&stranger, Some(bearer(&expired)), "invalid_api_key"),
            (&stranger, Some(bearer(&revoked)), "invalid_api_key"),
            (&stranger, Some(bearer(&live)), "wrong_mode"),
        ];
        for (client, key, code) in refused {
            let answer = call(client, key).await;
            answer.assert_problem(401, code);
            let challenge = if code == "api_key_required" { "Bearer" } else { r#"Bearer error="invalid_token""# };
            assert_eq!(answer.header("www-authenticate"), challenge, "{row:?}");
            assert_eq!(answer.header("set-cookie"), "", "{row:?}");
        }
        let lacking = call(&stranger, Some(bearer(&without[row.2]))).await;
        lacking.assert_problem(403, "missing_scope");
        // The scope alone is enough.
        let admitted = call(&stranger, Some(bearer(&with[row.2]))).await;
        assert!(![401, 403].contains(&admitted.status.as_u16()), "{row:?}: {}", admitted.text());
    }
    assert_ne!(signed_in.get("/billing/balance").await.header("set-cookie"), "", "or the test sees no session used");
    assert_every_call_is_in_the_table(&shop);
}

/// Compares with the description of the router, and with the scopes that the server looks at.
fn assert_every_call_is_in_the_table(shop: &TestShop) {
    let document = serde_json::to_value(&server::router::api(&shop.state).1).unwrap();
    let mut described = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/v1/")) {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((method.clone(), path.clone()), operation["security"].clone());
            assert_eq!(operation["tags"], json!(["platform"]), "{method} {path}");
            let keyed = operation["parameters"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["name"] == "Idempotency-Key" && one["required"] == true);
            assert_eq!(keyed, method == "post", "{method} {path}");
        }
    }
    let table: BTreeMap<_, _> = TABLE
        .map(|(method, path, scope, _)| ((method.to_owned(), path.to_owned()), json!([{"api_key": [scope]}])))
        .into();
    assert_eq!(described, table);
    let looked_at = CALLS.iter().map(|call| {
        ((call.method.as_str().to_lowercase(), call.path.to_owned()), json!([{"api_key": [call.scope.as_str()]}]))
    });
    assert_eq!(looked_at.collect::<BTreeMap<_, Value>>(), table);
    assert!(ALL_SCOPES.iter().all(|scope| scope.parse::<Scope>().is_ok()));
}

async fn a_page_with_an_api_key_is_as_if_signed_out(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    let comparable = |answer: &Answer| (answer.status, answer.header("location").to_owned());
    for path in ["/", "/account", "/purchases.csv", "/billing/balance", "/billing/purchases", "/billing/balance/stream"]
    {
        let with = platform.call(Method::GET, path, &[], "").await;
        let without = shop.visitor().get(path).await;
        assert_eq!(comparable(&with), comparable(&without), "{path}");
        assert!(path == "/" || !with.status.is_success(), "{path}");
    }
    platform.call(Method::GET, "/billing/balance", &[], "").await.assert_problem(401, "not_signed_in");
}

async fn a_revocation_counts_at_once_in_every_process(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    let other = platform.at(&shop.with_settings(&[]));
    platform.tenant("kim", 1).await;
    assert_eq!(other.get("kim").await.status, StatusCode::OK);
    let spend = async |platform: &Platform, tenant: &str, key: &str, body: &str| {
        let path = format!("/v1/tenants/{tenant}/spends");
        platform.call(Method::POST, &path, &[("Idempotency-Key", key)], body).await
    };
    for (platform, key) in [(&platform, "a"), (&other, "b")] {
        spend(platform, "kim", key, r#"{"credits":1000}"#).await.assert_problem(402, "insufficient_credits");
    }
    keys::revoke(&shop.state.platform.platform, "platform").await.unwrap();
    // A process that knows the key from before answers no more to it than one that does not: not whether there is a tenant,
    // nor what it answered before.
    let calls =
        [("kim", "c", r#"{"credits":1}"#), ("kim", "a", r#"{"credits":1000}"#), ("kim", "c", "{}"), ("lee", "c", "{}")];
    for platform in [&platform, &other] {
        platform.get("kim").await.assert_problem(401, "invalid_api_key");
        for (tenant, key, body) in calls {
            let answer = spend(platform, tenant, key, body).await;
            answer.assert_problem(401, "invalid_api_key");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer error="invalid_token""#, "{tenant} {key} {body}");
            assert_eq!(answer.header("idempotent-replayed"), "", "{tenant} {key} {body}");
        }
    }
}

async fn another_sites_page_gets_nowhere_with_a_session_and_a_platform_is_no_browser(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 5).await;
    let foreign = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site"), ("Idempotency-Key", "k")];
    // No cookie is read, so nothing can be forged; a platform's own headers are not judged.
    let answer = platform.call(Method::POST, "/v1/tenants/kim/spends", &foreign, r#"{"credits":1}"#).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    for (name, _) in &answer.headers {
        assert!(!name.as_str().starts_with("access-control-"), "{name}");
    }
    let kim = shop.customer("kim@example.com").await;
    let forged = kim.post_with("/v1/tenants/kim/spends", &foreign, &json!({"credits": 1})).await;
    forged.assert_problem(401, "api_key_required");
    let preflight = Request::builder().method(Method::OPTIONS).uri("/v1/tenants/kim/spends");
    let preflight = preflight.header("Origin", "https://evil.example").header("Access-Control-Request-Method", "POST");
    let preflight = kim.send(preflight.body(Body::empty()).unwrap()).await;
    preflight.assert_problem(405, "method_not_allowed");
}

async fn too_many_calls_of_one_key_hold_up_no_other(shop: TestShop) {
    let shop = shop.with_settings(&[("API_REQUESTS_PER_SECOND_MAX", "3")]);
    shop.clock.stop();
    let platform = Platform::of(&shop).await;
    let other = Platform::with_key(&shop, make_key(&shop, wanted("other", &ALL_SCOPES)).await);
    for _ in 0..3 {
        platform.get("kim").await.assert_problem(404, "not_found");
    }
    let refused = platform.get("kim").await;
    refused.assert_problem(429, "rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    other.get("kim").await.assert_problem(404, "not_found");
    shop.clock.advance(SignedDuration::from_secs(1));
    platform.get("kim").await.assert_problem(404, "not_found");
}

async fn a_live_shop_takes_live_keys_alone(shop: TestShop) {
    let test = Platform::of(&shop).await;
    let live = make_key_of(&shop, KeyMode::Live, wanted("live", &ALL_SCOPES)).await;
    test.tenant("kim", 1).await;
    let settings = [
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("SELLER_NAME", "A"),
        ("SELLER_ADDRESS", "B"),
        ("SELLER_VAT_ID", "C"),
        ("SMTP_URL", "smtps://mail.example.com"),
        ("MAIL_FROM", "a@example.com"),
    ];
    let shop = shop.with_settings(&settings);
    test.at(&shop).get("kim").await.assert_problem(401, "wrong_mode");
    assert_eq!(Platform::with_key(&shop, live).get("kim").await.status, StatusCode::OK);
    // A test key of Stripe's moves no money.
    let shop = shop.with_settings(&[("STRIPE_SECRET_KEY", "sk_test_1")]);
    assert_eq!(test.at(&shop).get("kim").await.status, StatusCode::OK);
}

async fn a_key_is_given_once_and_as_a_bearer_token(shop: TestShop) {
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 1).await;
    let get = async |values: &[String]| {
        let mut request = Request::get("/v1/tenants/kim");
        for value in values {
            request = request.header(header::AUTHORIZATION, value);
        }
        shop.visitor().send(request.body(Body::empty()).unwrap()).await
    };
    let bearer = format!("Bearer {}", platform.key);
    assert_eq!(get(std::slice::from_ref(&bearer)).await.status, StatusCode::OK);
    assert_eq!(get(&[format!("bearer  {}", platform.key)]).await.status, StatusCode::OK);
    get(&[bearer.clone(), bearer.clone()]).await.assert_problem(401, "invalid_api_key");
    get(&[format!("{bearer}, {bearer}")]).await.assert_problem(401, "invalid_api_key");
    get(&["Bearer".to_owned()]).await.assert_problem(401, "invalid_api_key");
    let query = shop.visitor().get(&format!("/v1/tenants/kim?api_key={}", platform.key)).await;
    query.assert_problem(401, "api_key_required");
}

async fn an_unknown_address_looks_at_no_session(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    // A session is prolonged once a day by whoever looks at it.
    shop.clock.stop();
    shop.clock.advance(SignedDuration::from_hours(25));
    for path in ["/v1/nowhere", "/v1/tenants", "/v1/tenants/kim/x/y/z"] {
        let answer = kim.get(path).await;
        answer.assert_problem(404, "not_found");
        assert_eq!(answer.header("set-cookie"), "", "{path}");
    }
    assert_ne!(kim.get("/billing/balance").await.header("set-cookie"), "", "or the test sees nothing");
}
