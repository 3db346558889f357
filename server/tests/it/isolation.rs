//! Every call by the wrong caller: a foreign id answers exactly as an unknown one.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::{Value, json};

use crate::{
    openapi::routes,
    shop::{Answer, Client, TestShop},
};

on_both_databases!(
    who_is_not_signed_in_gets_nowhere,
    a_foreign_purchase_answers_as_an_unknown_one,
    a_foreign_session_answers_as_an_unknown_one,
    an_idempotency_key_is_the_tenants_own,
    a_foreign_cursor_shows_nothing_foreign,
    a_receipt_page_is_the_tenants_own,
    files_are_the_tenants_own,
    every_address_of_a_page_is_open_or_asks_to_sign_in,
    a_form_or_server_function_does_nothing_to_a_foreign_purchase,
);

const UNKNOWN: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";

/// The calls for signed-in customers, with a valid body.
const PRIVATE: [(Method, &str, &str); 7] = [
    (Method::POST, "/billing/checkout/session", r#"{"product_id":"credits_1"}"#),
    (Method::POST, "/billing/checkout/complete", r#"{"session_id":"cs_mock_1"}"#),
    (Method::GET, "/billing/purchases", ""),
    (Method::GET, "/billing/purchases/0198f2a4-7b1c-7def-8a2b-0123456789ab", ""),
    (Method::GET, "/billing/balance", ""),
    (Method::GET, "/billing/balance/stream", ""),
    (Method::DELETE, "/auth/session", ""),
];
/// The public calls.
const OPEN: [&str; 7] = [
    "/billing/products",
    "/billing/consent",
    "/billing/webhook",
    "/auth/accounts",
    "/auth/session",
    "/healthz",
    "/readyz",
];

fn request(method: &Method, path: &str, body: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    request.body(Body::from(body.to_owned())).unwrap()
}

async fn who_is_not_signed_in_gets_nowhere(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let former = kim.clone();
    let token = kim.cookie_header();
    kim.delete("/auth/session").await;
    let cookie = shop.state.site.session_cookie();
    let token = token.strip_prefix(&format!("{cookie}=")).unwrap().to_owned();
    former.cookies.lock().unwrap().push((cookie.clone(), token));
    let guesser = shop.visitor();
    guesser.cookies.lock().unwrap().push((cookie.clone(), "AAAAAAAAAAAAAAAAAAAAAA".to_owned()));
    let garbled = shop.visitor();
    garbled.cookies.lock().unwrap().push((cookie, "%00x".to_owned()));
    for visitor in [shop.visitor(), former, guesser, garbled] {
        for (method, path, body) in &PRIVATE {
            visitor.send(request(method, path, body)).await.assert_problem(401, "not_signed_in");
        }
    }

    // Every call must be in one of the two lists.
    let (_, document) = server::router::api(&shop.state);
    let document = serde_json::to_value(&document).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    // The platform's calls are in platform_access.rs.
    for (template, item) in paths.filter(|(template, _)| !template.starts_with("/v1/")) {
        for (method, operation) in item.as_object().unwrap() {
            let path = template.replace("{id}", UNKNOWN);
            let private = PRIVATE.iter().any(|(known, at, _)| known.as_str().to_lowercase() == *method && *at == path);
            assert!(private || OPEN.contains(&path.as_str()), "{method} {path}");
            assert_eq!(private, operation["security"].is_array(), "{method} {path}");
        }
    }
}

/// An answer without the values that differ between any two answers.
fn comparable(answer: &Answer) -> (StatusCode, Vec<(String, String)>, String) {
    let varies = ["x-request-id", "content-security-policy", "date"];
    let headers = answer.headers.iter().filter(|(name, _)| !varies.contains(&name.as_str()));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
    (answer.status, headers.collect(), answer.text())
}

/// The routes besides the API, with a value for each parameter.
fn addresses(shop: &TestShop) -> Vec<String> {
    let api =
        |path: &String| ["/v1/", "/billing/", "/auth/", "/healthz", "/readyz"].iter().any(|api| path.starts_with(api));
    let paths = routes(&shop.state).into_iter().filter(|path| !api(path) && !path.contains("__private"));
    paths.map(|path| path.replace("{id}", UNKNOWN).replace("{page}", "terms").replace("{*rest}", "signin")).collect()
}

async fn every_address_of_a_page_is_open_or_asks_to_sign_in(shop: TestShop) {
    let open = ["/", "/signin", "/signup", "/withdraw", "/legal/terms", "/dev/components"];
    let receipt = format!("/purchases/{UNKNOWN}");
    let pdf = format!("{receipt}/receipt.pdf");
    let private =
        ["/account", "/checkout/success", "/checkout/cancel", "/purchases.csv", "/ledger.csv", &receipt, &pdf];
    for address in addresses(&shop) {
        let answer = shop.visitor().get(&address).await;
        match answer.status {
            StatusCode::OK => assert!(open.contains(&address.as_str()), "{address} has not been thought about"),
            StatusCode::SEE_OTHER => {
                assert!(private.contains(&address.as_str()), "{address} has not been thought about");
                assert!(answer.header("location").starts_with("/signin?next=%2F"), "{address}");
            }
            StatusCode::PERMANENT_REDIRECT | StatusCode::METHOD_NOT_ALLOWED => {}
            other => panic!("{address}: {other}"),
        }
    }
}

async fn a_form_or_server_function_does_nothing_to_a_foreign_purchase(shop: TestShop) {
    let forms = ["/signin", "/signup", "/signout", "/locale", "/withdraw"];
    let (kim, lee, order) = two(&shop).await;
    let ids = |purchase: &str, session: &str| {
        let fields = [("purchase_id", purchase), ("cursor", purchase), ("id", purchase), ("session_id", session)];
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    };
    let (purchase, session) = (order["purchase_id"].as_str().unwrap(), order["session_id"].as_str().unwrap());
    let (foreign, unknown) = (ids(purchase, session), ids(UNKNOWN, &format!("cs_mock_{UNKNOWN}")));
    let mut functions = 0;
    for address in addresses(&shop) {
        let is_function = address.starts_with("/api/");
        let status = shop.visitor().form(&address, "").await.status;
        let takes_forms = ![StatusCode::METHOD_NOT_ALLOWED, StatusCode::PERMANENT_REDIRECT].contains(&status);
        assert_eq!(
            takes_forms,
            is_function || forms.contains(&address.as_str()),
            "{address} has not been thought about"
        );
        if !is_function {
            continue;
        }
        functions += 1;
        for accepted in ["application/json", "text/html"] {
            let post = async |client: &Client, fields: &str| {
                let request = Request::post(&address)
                    .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                    .header(header::ACCEPT, accepted);
                client.send(request.body(Body::from(fields.to_owned())).unwrap()).await
            };
            let (theirs, none) = (post(&lee, &foreign).await, post(&lee, &unknown).await);
            let location = theirs.header("location").replace(purchase, UNKNOWN);
            assert_eq!((theirs.status, location.as_str()), (none.status, none.header("location")), "{address}");
            assert_eq!(theirs.text().replace(purchase, UNKNOWN), none.text(), "{address}");
            let nobodys = post(&shop.visitor(), &foreign).await;
            assert!(!nobodys.status.is_success() && !nobodys.text().contains("10 Credits"), "{address}");
        }
    }
    assert!(functions >= 3, "{functions}");
    let kept = kim.purchases().await;
    assert_eq!((kept.len(), &kept[0]["status"]), (1, &json!("PENDING")));
    assert_eq!((kim.credits().await, lee.credits().await, lee.purchases().await.len()), (0, 0, 0));
}

async fn two(shop: &TestShop) -> (Client, Client, Value) {
    let kim = shop.customer("kim@example.com").await;
    let lee = shop.customer("lee@example.com").await;
    let order = kim.order("credits_10").await;
    (kim, lee, order)
}

async fn a_foreign_purchase_answers_as_an_unknown_one(shop: TestShop) {
    let (kim, lee, order) = two(&shop).await;
    let path = format!("/billing/purchases/{}", order["purchase_id"].as_str().unwrap());
    assert_eq!(kim.get(&path).await.status, StatusCode::OK);
    let foreign = lee.get(&path).await;
    foreign.assert_problem(404, "not_found");
    let unknown = lee.get(&format!("/billing/purchases/{UNKNOWN}")).await;
    assert_eq!(comparable(&foreign), comparable(&unknown));
    assert!(lee.purchases().await.is_empty());
}

async fn a_foreign_session_answers_as_an_unknown_one(shop: TestShop) {
    let (kim, lee, order) = two(&shop).await;
    let foreign = lee.post("/billing/checkout/complete", &json!({"session_id": order["session_id"]})).await;
    foreign.assert_problem(404, "not_found");
    let unknown = json!({"session_id": format!("cs_mock_{UNKNOWN}")});
    let unknown = lee.post("/billing/checkout/complete", &unknown).await;
    assert_eq!(comparable(&foreign), comparable(&unknown));
    assert_eq!((kim.credits().await, lee.credits().await), (0, 0));
    assert_eq!(kim.purchases().await[0]["status"], "PENDING");
}

async fn an_idempotency_key_is_the_tenants_own(shop: TestShop) {
    let (kim, lee, _) = two(&shop).await;
    let key = [("Idempotency-Key", "the-same")];
    let hers = kim.post_with("/billing/checkout/session", &key, &json!({"product_id": "credits_1"})).await;
    let theirs = lee.post_with("/billing/checkout/session", &key, &json!({"product_id": "credits_5"})).await;
    assert_eq!((hers.status, theirs.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_ne!(hers.json()["purchase_id"], theirs.json()["purchase_id"]);
}

async fn a_foreign_cursor_shows_nothing_foreign(shop: TestShop) {
    let (_, lee, order) = two(&shop).await;
    let cursor = order["purchase_id"].as_str().unwrap();
    let page = lee.get(&format!("/billing/purchases?cursor={cursor}")).await;
    assert_eq!(page.json(), json!({"items": [], "next_cursor": null}));
}

async fn a_receipt_page_is_the_tenants_own(shop: TestShop) {
    let (kim, lee, order) = two(&shop).await;
    let id = order["purchase_id"].as_str().unwrap();
    let session = order["session_id"].as_str().unwrap();
    assert!(kim.get(&format!("/purchases/{id}")).await.text().contains(id));
    let page = lee.get(&format!("/purchases/{id}")).await;
    assert_eq!(page.status, StatusCode::NOT_FOUND, "{}", page.text());
    assert_eq!(lee.get(&format!("/purchases/{UNKNOWN}")).await.status, StatusCode::NOT_FOUND);
    assert!(!page.text().contains("10 Credits"), "{}", page.text());
    let page = lee.get(&format!("/checkout/success?session_id={session}")).await;
    assert!(!page.text().contains("10 Credits"), "{}", page.text());
    assert_eq!((kim.credits().await, lee.credits().await), (0, 0));
}

async fn files_are_the_tenants_own(shop: TestShop) {
    let (kim, lee, _) = two(&shop).await;
    let id = kim.buy("credits_10").await["id"].as_str().unwrap().to_owned();
    let path = format!("/purchases/{id}/receipt.pdf");
    assert_eq!(kim.get(&path).await.header("content-type"), "application/pdf");
    let foreign = lee.get(&path).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND);
    for unknown in [UNKNOWN, "x", "%ff"] {
        let unknown = lee.get(&format!("/purchases/{unknown}/receipt.pdf")).await;
        assert_eq!((unknown.status, unknown.header("content-type")), (foreign.status, foreign.header("content-type")));
    }
    assert!(kim.get("/purchases.csv").await.text().contains(&id));
    assert_eq!(lee.get("/purchases.csv").await.text().lines().count(), 1, "the headings alone");
    for path in [&path, "/purchases.csv"] {
        let stranger = shop.visitor().get(path).await;
        assert_eq!(stranger.status, StatusCode::SEE_OTHER);
        assert!(stranger.header("location").starts_with("/signin?next=%2Fpurchases"));
    }
}
