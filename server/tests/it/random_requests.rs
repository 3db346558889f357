//! Random requests to random paths: no request, however odd, may be answered with a 5xx.
//!
//! Each run generates other requests, and prints those that failed. `RANDOM_REQUESTS=6000 cargo test -p server --test
//! it random` sends more.

use std::time::Duration;

use axum::{
    body::{Body, to_bytes},
    http::{HeaderName, HeaderValue, Request, Uri, header},
};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{Index, select},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    openapi::routes,
    shop::{Client, PASSWORD, TestShop, WEBHOOK_SECRET, sign},
};

on_both_databases!(no_request_is_answered_with_a_server_error);

const REQUESTS: usize = 1_000;

const EMAIL: &str = "kim@example.com";

/// Names of path segments, query parameters, form fields, JSON members.
const NAMES: [&str; 24] = [
    "buy",
    "older",
    "before",
    "lang",
    "next",
    "error",
    "key",
    "session_id",
    "purchase_id",
    "purchase",
    "received",
    "limit",
    "cursor",
    "product_id",
    "order_key",
    "consent",
    "email",
    "password",
    "name",
    "contract",
    "locale",
    "amount_cents",
    "id",
    "",
];
const VALUES: [&str; 30] = [
    "",
    "x",
    "1",
    "0",
    "-1",
    "99999999999999999999",
    "1.5",
    "true",
    "null",
    "credits_5",
    "iza_pass",
    "de",
    "en",
    "fr",
    EMAIL,
    PASSWORD,
    "0198f2a4-7b1c-7def-8a2b-0123456789ab",
    "0198F2A4-7B1C-7DEF-8A2B-0123456789AB",
    "cs_mock_0198f2a4-7b1c-7def-8a2b-0123456789ab",
    "not_signed_in",
    "provider_unavailable",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "\0",
    "\u{fffd}",
    "\u{202e}\u{1f600}",
    "%",
    "' OR 1=1 --",
    "<script>",
];
const SEGMENTS: [&str; 22] = [
    "",
    ".",
    "..",
    "%2e%2e",
    "%2F",
    "%00",
    "%ff",
    "%",
    "%zz",
    "x",
    "en",
    "de",
    "pkg",
    "shop.js",
    "favicon.svg",
    "0198f2a4-7b1c-7def-8a2b-0123456789ab",
    "receipt.pdf",
    "evil.example",
    "\\evil.example",
    "a;b=c",
    "~",
    "@",
];
const HEADERS: [HeaderName; 18] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::COOKIE,
    header::HOST,
    header::ORIGIN,
    header::REFERER,
    header::RANGE,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_MATCH,
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("last-event-id"),
    HeaderName::from_static("stripe-signature"),
    HeaderName::from_static("sec-fetch-site"),
    HeaderName::from_static("x-forwarded-for"),
];
const HEADER_VALUES: [&str; 26] = [
    "",
    "x",
    "*",
    "*/*",
    "text/html",
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "gzip",
    "br;q=NaN",
    "fr;q=2",
    "de;q=0, *",
    "bytes=0-",
    "bytes=5-1",
    "bytes=0-1,3-4",
    "W/\"1\"",
    "Fri, 31 Feb 2100 99:00:00 GMT",
    "same-origin",
    "cross-site",
    "1.2",
    "-1.-1",
    "t=1,v1=00",
    "iza_credits_session=x; iza_credits_locale=xx; =;;",
    "iza_credits_session=AAAAAAAAAAAAAAAAAAAAAA",
    "127.0.0.1:99999",
    "a, b, ,",
];

/// A generated request.
#[derive(Clone, Debug)]
struct Plan {
    method: String,
    address: String,
    headers: Vec<(HeaderName, Vec<u8>)>,
    body: PlannedBody,
    signed_in: bool,
}

#[derive(Clone, Debug)]
enum PlannedBody {
    Bytes(Vec<u8>),
    /// A signed body, like the provider's notifications.
    Signed(Vec<u8>),
    /// A body that breaks off after these bytes.
    BreaksOff(Vec<u8>),
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(&VALUES[..]).prop_map(str::to_owned),
        1 => any::<String>(),
        1 => (200_usize..3_000).prop_map(|length| "a".repeat(length)),
    ]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    vec((select(&NAMES[..]).prop_map(str::to_owned), value()), 0..5)
}

fn encoded(pairs: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// The path of a route, possibly altered, or a path without a route.
fn path(routes: Vec<String>) -> impl Strategy<Value = String> {
    let segment = || {
        prop_oneof![
            6 => select(&SEGMENTS[..]).prop_map(str::to_owned),
            1 => "[ -~]{0,12}",
            2 => (200_usize..2_000).prop_map(|length| "b".repeat(length)),
        ]
    };
    let known = (select(routes), segment(), any::<Index>()).prop_map(|(route, segment, at)| {
        let filled: Vec<_> = route
            .split('/')
            .map(|part| if part.starts_with('{') { segment.clone() } else { part.to_owned() })
            .collect();
        let filled = filled.join("/");
        match at.index(12) {
            0 => format!("{filled}/"),
            1 => format!("/{filled}"),
            2 => format!("{filled}/{segment}"),
            3 => format!("{filled}{segment}"),
            4 => filled.to_uppercase(),
            _ => filled,
        }
    });
    let any = vec(segment(), 0..5).prop_map(|segments| format!("/{}", segments.join("/")));
    prop_oneof![3 => known, 2 => any]
}

fn body() -> impl Strategy<Value = PlannedBody> {
    let form = pairs().prop_map(|pairs| encoded(&pairs).into_bytes());
    let object = pairs().prop_map(|pairs| {
        let members = pairs.into_iter().map(|(name, value)| (name, serde_json::Value::from(value)));
        serde_json::Value::Object(members.collect()).to_string().into_bytes()
    });
    let odd = select(&["{", "[]", "null", "{\"product_id\":7}", "{\"product_id\":\"\\ud800\"}", "a=%ff&b=%zz"][..]);
    let event = (value(), value()).prop_map(|(kind, id)| {
        let object = json!({"id": id, "object": kind, "metadata": null, "amount": "x"});
        json!({"id": "evt_1", "type": kind, "livemode": false, "data": {"object": object}}).to_string().into_bytes()
    });
    let bytes = prop_oneof![
        4 => form,
        4 => object,
        1 => odd.prop_map(|text| text.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..200),
        1 => (60_000_usize..70_000).prop_map(|length| vec![b'a'; length]),
        1 => Just(Vec::new()),
    ];
    let signed = prop_oneof![event, vec(any::<u8>(), 0..200)];
    prop_oneof![
        8 => bytes.clone().prop_map(PlannedBody::Bytes),
        1 => signed.prop_map(PlannedBody::Signed),
        1 => bytes.prop_map(PlannedBody::BreaksOff),
    ]
}

fn plan(routes: Vec<String>) -> impl Strategy<Value = Plan> {
    let method = prop_oneof![
        8 => Just("GET"),
        6 => Just("POST"),
        2 => Just("HEAD"),
        1 => select(&["PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "BREW"][..]),
    ];
    let header_value = prop_oneof![
        6 => select(&HEADER_VALUES[..]).prop_map(|value| value.as_bytes().to_vec()),
        1 => vec(prop_oneof![Just(b'\t'), 32_u8..=126, 128_u8..=255], 0..40),
    ];
    let headers = vec((select(HEADERS.to_vec()), header_value), 0..5);
    let query = option::of(prop_oneof![
        4 => pairs().prop_map(|pairs| encoded(&pairs)),
        1 => "[!-~]{0,20}",
    ]);
    let kind = select(&["", "application/json", "application/x-www-form-urlencoded"][..]);
    (method, path(routes), query, kind, headers, body(), any::<bool>()).prop_map(
        |(method, path, query, kind, mut headers, body, signed_in)| {
            if !kind.is_empty() {
                headers.push((header::CONTENT_TYPE, kind.as_bytes().to_vec()));
            }
            let query = query.map(|query| format!("?{query}")).unwrap_or_default();
            Plan { method: method.to_owned(), address: format!("{path}{query}"), headers, body, signed_in }
        },
    )
}

/// `None` for an invalid HTTP request, which cannot be sent.
fn request(shop: &TestShop, plan: &Plan) -> Option<Request<Body>> {
    let mut request = Request::builder().method(plan.method.as_str()).uri(plan.address.parse::<Uri>().ok()?);
    for (name, value) in &plan.headers {
        request = request.header(name, HeaderValue::from_bytes(value).ok()?);
    }
    let body = match &plan.body {
        PlannedBody::Bytes(bytes) => Body::from(bytes.clone()),
        PlannedBody::Signed(bytes) => {
            let signature = sign(WEBHOOK_SECRET, shop.state.clock.now().as_second(), bytes);
            request = request.header("stripe-signature", signature);
            Body::from(bytes.clone())
        }
        PlannedBody::BreaksOff(bytes) => {
            let chunks = [Ok(bytes.clone()), Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))];
            Body::from_stream(futures::stream::iter(chunks))
        }
    };
    request.body(body).ok()
}

async fn sign_in(shop: &TestShop) -> Client {
    let kim = shop.visitor();
    let answer = kim.post("/auth/session", &json!({"email": EMAIL, "password": PASSWORD})).await;
    assert_eq!(answer.status, 204, "{}", answer.text());
    kim
}

async fn no_request_is_answered_with_a_server_error(shop: TestShop) {
    let count = std::env::var("RANDOM_REQUESTS").ok().map_or(REQUESTS, |count| count.parse().unwrap());
    let mut kim = shop.customer(EMAIL).await;
    kim.buy("credits_5").await;
    let plan = plan(routes(&shop.state).into_iter().collect());
    let mut runner = TestRunner::default();
    let (mut failed, mut sent) = (Vec::new(), 0);
    while sent < count {
        let plan = plan.new_tree(&mut runner).unwrap().current();
        let Some(request) = request(&shop, &plan) else { continue };
        sent += 1;
        // Some calls sign out, or sign in as another user.
        if plan.signed_in && kim.get("/billing/balance").await.status != 200 {
            kim = sign_in(&shop).await;
        }
        let client = if plan.signed_in { kim.clone() } else { shop.visitor() };
        let response = client.start(request).await;
        let status = response.status();
        // An event stream does not end.
        let body = timeout(Duration::from_secs(2), to_bytes(response.into_body(), usize::MAX)).await;
        let cut_off = matches!(body, Ok(Err(_)));
        if status.is_server_error() || cut_off {
            failed.push(format!("{status} cut off: {cut_off}: {plan:?}"));
        }
    }
    assert!(failed.is_empty(), "{} of {sent}:\n{}", failed.len(), failed.join("\n"));
}
