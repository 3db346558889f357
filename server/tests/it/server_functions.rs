//! Server functions: an invalid request is answered with its status and code, and a form with a page.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};

use crate::{
    provider::{Fickle, Mood},
    shop::{Answer, Client, TestShop},
};

on_both_databases!(
    no_mistake_of_a_caller_is_called_ours,
    a_plain_form_is_led_to_a_page_that_says_what_was_wrong,
    an_order_that_is_refused_says_why,
    what_a_server_function_answers_is_the_customers_own,
);

const UNKNOWN: &str = "0198f2a4-7b1c-7def-8a2b-0123456789ab";

/// The server functions, each with valid fields.
const FUNCTIONS: [(&str, &str); 6] = [
    ("create_checkout", "product_id=credits_5&order_key=k1&consent=x"),
    ("confirm_checkout", "session_id=cs_unknown"),
    ("current_balance", ""),
    ("discard_purchase", "purchase_id=0198f2a4-7b1c-7def-8a2b-0123456789ab"),
    ("order_form", "product_id=credits_5"),
    ("purchase_history", ""),
];

/// Sends a form and accepts JSON, as islands do.
async fn call(client: &Client, function: &str, body: &str) -> Answer {
    let request = Request::post(format!("/api/{function}"))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(Body::from(body.to_owned()));
    client.send(request.unwrap()).await
}

async fn no_mistake_of_a_caller_is_called_ours(shop: TestShop) {
    let nobody = shop.visitor();
    for (function, body) in FUNCTIONS {
        call(&nobody, function, body).await.assert_problem(401, "not_signed_in");
    }
    call(&nobody, "purchase_status", &format!("purchase_id={UNKNOWN}")).await.assert_problem(401, "not_signed_in");

    for body in ["", "zzz=1", "purchase_id=zzz&cursor=zzz", "%ff", "product_id[]=1&cursor[]=a"] {
        for function in FUNCTIONS.map(|(function, _)| function).into_iter().chain(["purchase_status"]) {
            call(&nobody, function, body).await.assert_problem(401, "not_signed_in");
        }
    }
    call(&nobody, "nowhere", "").await.assert_problem(404, "not_found");

    let kim = shop.customer("kim@example.com").await;
    for (function, body, status, code) in [
        ("create_checkout", "", 400, "malformed"),
        ("create_checkout", "product_id=credits_5&consent=x", 400, "malformed"),
        ("create_checkout", "order_key=k1&consent=x", 400, "malformed"),
        ("create_checkout", "product_id=credits_5&order_key=%C3%BC&consent=x", 400, "malformed"),
        ("create_checkout", "product_id=credits_5&order_key=k1", 422, "consent_missing"),
        ("create_checkout", "product_id=credits_5&order_key=k1&consent=never-shown", 422, "consent_missing"),
        ("confirm_checkout", "", 400, "malformed"),
        ("confirm_checkout", "session_id=cs_unknown", 404, "not_found"),
        ("purchase_status", "", 400, "malformed"),
        ("purchase_status", "purchase_id=zzz", 400, "malformed"),
        ("purchase_status", "purchase_id=0198f2a4-7b1c-7def-8a2b-0123456789ab", 404, "not_found"),
        ("discard_purchase", "", 400, "malformed"),
        ("discard_purchase", "purchase_id=zzz", 400, "malformed"),
        ("discard_purchase", "purchase_id=0198f2a4-7b1c-7def-8a2b-0123456789ab", 404, "not_found"),
        ("order_form", "", 400, "malformed"),
        ("order_form", "product_id=credits_7", 404, "unknown_product"),
        ("purchase_history", "cursor=zzz", 400, "malformed"),
        ("purchase_history", "cursor[]=a&cursor[]=b", 400, "malformed"),
    ] {
        let answer = call(&kim, function, body).await;
        assert_eq!((answer.status.as_u16(), &*format!("{function} {body}")), (status, &*format!("{function} {body}")));
        answer.assert_problem(status, code);
        let form = kim.form(&format!("/api/{function}"), body).await;
        assert_eq!(form.status, StatusCode::SEE_OTHER, "{function} {body}: {}", form.text());
    }
    assert!(kim.purchases().await.is_empty());

    // Not UTF-8, too long, and not a form.
    let raw = |body: Vec<u8>, kind: &str| {
        let request = Request::post("/api/purchase_history").header(header::CONTENT_TYPE, kind);
        request.header(header::ACCEPT, "application/json").body(Body::from(body)).unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    kim.send(raw(vec![0xff, 0xfe], form)).await.assert_problem(400, "malformed");
    assert!(kim.send(raw(vec![b'a'; 100_000], form)).await.status.is_client_error());
    assert!(!kim.send(raw(b"{".to_vec(), "application/json")).await.status.is_server_error());
}

async fn a_plain_form_is_led_to_a_page_that_says_what_was_wrong(shop: TestShop) {
    fn leads_to(answer: &Answer) -> String {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer.header("location").to_owned()
    }
    let nobody = shop.visitor();
    for (function, _) in
        FUNCTIONS.iter().filter(|(function, _)| !matches!(*function, "create_checkout" | "discard_purchase"))
    {
        for body in ["product_id=x&session_id=x", "cursor=zzz", "%ff"] {
            assert_eq!(leads_to(&nobody.form(&format!("/api/{function}"), body).await), "/signin", "{function} {body}");
        }
    }
    assert_eq!(leads_to(&nobody.form("/api/discard_purchase", "purchase_id=zzz").await), "/signin");
    let kim = shop.customer("kim@example.com").await;
    for (path, body, page, says) in [
        ("/api/purchase_history", "cursor=zzz", "/?error=malformed", "Diese Angaben sind unvollständig."),
        ("/api/order_form", "product_id=credits_7", "/?error=unknown_product", "Dieses Produkt gibt es nicht."),
        ("/api/create_checkout", "", "/?error=malformed", "Diese Angaben sind unvollständig."),
        (
            "/api/create_checkout",
            "product_id=credits_5",
            "/?buy=credits_5&error=malformed",
            "Diese Angaben sind unvollständig.",
        ),
        (
            "/api/create_checkout",
            "product_id=credits_5&order_key=k1",
            "/?buy=credits_5&error=consent_missing&key=k1",
            "Bitte setzen Sie das Häkchen",
        ),
        ("/api/discard_purchase", "purchase_id=zzz", "/?error=malformed", "Diese Angaben sind unvollständig."),
    ] {
        let answer = kim.form(path, body).await;
        assert_eq!(leads_to(&answer), page, "{path} {body}");
        let page = kim.get(&leads_to(&answer)).await;
        assert!(page.text().contains(says), "{path} {body}");
    }
}

async fn an_order_that_is_refused_says_why(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    let kim = shop.customer("kim@example.com").await;
    let consent = kim.get("/billing/consent").await.json();
    let order =
        |product, key| format!("product_id={product}&order_key={key}&consent={}", consent["version"].as_str().unwrap());
    provider.be(Mood::Unavailable);
    let answer = call(&kim, "create_checkout", &order("credits_5", "k1")).await;
    answer.assert_problem(503, "provider_unavailable");
    assert_eq!(answer.header("retry-after"), "10");
    provider.be(Mood::Works);
    let answer = call(&kim, "create_checkout", &order("credits_5", "k1")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.json()["pays"], true);
    call(&kim, "create_checkout", &order("credits_1", "k1")).await.assert_problem(409, "key_reused");
    call(&kim, "create_checkout", &order("credits_7", "k2")).await.assert_problem(404, "unknown_product");
    assert_eq!(kim.purchases().await.len(), 1);
}

async fn what_a_server_function_answers_is_the_customers_own(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let order = kim.order("credits_5").await;
    let (id, session) = (order["purchase_id"].as_str().unwrap(), order["session_id"].as_str().unwrap());
    let lee = shop.customer("lee@example.com").await;
    for (function, body) in [
        ("confirm_checkout", format!("session_id={session}")),
        ("purchase_status", format!("purchase_id={id}")),
        ("discard_purchase", format!("purchase_id={id}")),
    ] {
        call(&lee, function, &body).await.assert_problem(404, "not_found");
    }
    assert_eq!(kim.purchases().await[0]["status"], "PENDING");
    let paid = call(&kim, "confirm_checkout", &format!("session_id={session}")).await.json();
    assert_eq!((&paid["purchase"]["status"], &paid["funds"]["balance"]), (&"PAID".into(), &5.into()));
    let late = call(&kim, "discard_purchase", &format!("purchase_id={id}")).await.json();
    assert_eq!(late["purchase"]["status"], "PAID");
    assert_eq!(call(&kim, "current_balance", "").await.json()["balance"], 5);
    assert_eq!(call(&kim, "purchase_history", "").await.json()["items"][0]["id"], id);
    assert_eq!(
        call(&lee, "purchase_history", &format!("cursor={id}")).await.json()["items"].as_array().unwrap().len(),
        0
    );
}
