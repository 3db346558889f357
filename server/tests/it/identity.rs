//! Signing up, in and out over JSON.

use axum::http::{Request, StatusCode, header};
use serde_json::json;
use server::identity::{DEMO_EMAIL, DEMO_PASSWORD};

use crate::shop::{Answer, Client, PASSWORD, TestShop};

on_both_databases!(
    signing_up_makes_a_tenant_and_signs_in,
    a_taken_address_is_refused_in_any_spelling,
    two_sign_ups_with_one_address_at_once_make_one_account,
    a_bad_address_or_password_is_refused,
    signing_in_and_out,
    each_sign_in_gets_a_new_session_and_ends_the_old_one,
    nothing_is_stored_for_who_only_looks,
    known_and_unknown_addresses_get_the_same_answer,
    guessing_at_an_account_is_slowed_down,
    the_demo_account_is_there_in_mock_mode_alone,
    signed_out_everywhere_after_two_weeks,
);

async fn sign_in(visitor: &Client, email: &str, password: &str) -> Answer {
    visitor.post("/auth/session", &json!({"email": email, "password": password})).await
}

async fn sign_up(visitor: &Client, email: &str, password: &str) -> Answer {
    visitor.post("/auth/accounts", &json!({"email": email, "password": password})).await
}

async fn signing_up_makes_a_tenant_and_signs_in(shop: TestShop) {
    let kim = shop.visitor();
    let answer = sign_up(&kim, "Kim@Example.com", PASSWORD).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.json()["email"], "kim@example.com");
    assert_eq!(kim.credits().await, 0);
    let lee = sign_up(&shop.visitor(), "lee@example.com", PASSWORD).await;
    assert_ne!(answer.json()["tenant_id"], lee.json()["tenant_id"]);
}

async fn a_taken_address_is_refused_in_any_spelling(shop: TestShop) {
    shop.customer("kim@example.com").await;
    for email in ["kim@example.com", " KIM@example.com "] {
        let visitor = shop.visitor();
        sign_up(&visitor, email, "another password").await.assert_problem(409, "email_taken");
        visitor.get("/billing/balance").await.assert_problem(401, "not_signed_in");
    }
}

async fn two_sign_ups_with_one_address_at_once_make_one_account(shop: TestShop) {
    let rush = (0..6).map(|_| {
        let visitor = shop.visitor();
        async move { sign_up(&visitor, "kim@example.com", PASSWORD).await.status.as_u16() }
    });
    let mut statuses = futures::future::join_all(rush).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

async fn a_bad_address_or_password_is_refused(shop: TestShop) {
    let visitor = shop.visitor();
    let overlong = format!("{}@example.com", "k".repeat(300));
    for email in
        ["", "kim", "kim@", "@example.com", "kim@example", "a b@example.com", "kim\u{0}@example.com", &overlong]
    {
        sign_up(&visitor, email, PASSWORD).await.assert_problem(422, "invalid_email");
    }
    let weak =
        ["", "x7!kQ2$pZ", "1234567890", "passwort123", &" ".repeat(10), &"x".repeat(128), &"x7!kQ2$pZw ".repeat(12)];
    let own = ["Kim.Long@example.com", "kimlong2026", "IZA-Credits1", "correct horse\0battery"];
    for password in weak.into_iter().chain(own) {
        sign_up(&visitor, "kim.long@example.com", password).await.assert_problem(422, "weak_password");
    }
    for password in ["x7!kQ2$pZw", "paß wörter im zug", &"Der Mond ist aufgegangen, ".repeat(4)] {
        let email = format!("kim{}@example.com", password.len());
        assert_eq!(sign_up(&visitor, &email, password).await.status, StatusCode::CREATED);
        assert_eq!(sign_in(&shop.visitor(), &email, password).await.status, StatusCode::NO_CONTENT);
    }
}

async fn signing_in_and_out(shop: TestShop) {
    shop.customer("kim@example.com").await;
    let kim = shop.visitor();
    let answer = sign_in(&kim, "KIM@example.com", PASSWORD).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::NO_CONTENT, 0));
    let cookie = answer.header("set-cookie");
    for part in ["session=", "HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(kim.credits().await, 0);
    assert_eq!(kim.delete("/auth/session").await.status, StatusCode::NO_CONTENT);
    assert_eq!(kim.cookie_header(), "");
    kim.get("/billing/balance").await.assert_problem(401, "not_signed_in");
}

async fn each_sign_in_gets_a_new_session_and_ends_the_old_one(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let first = kim.cookie_header();
    sign_in(&kim, "kim@example.com", PASSWORD).await;
    assert_ne!(kim.cookie_header(), first);
    assert_eq!(kim.credits().await, 0);
    let request = Request::get("/billing/balance").header(header::COOKIE, first);
    shop.visitor().send(request.body(axum::body::Body::empty()).unwrap()).await.assert_problem(401, "not_signed_in");
}

async fn nothing_is_stored_for_who_only_looks(shop: TestShop) {
    let visitor = shop.visitor();
    for path in ["/", "/signin", "/signup", "/billing/products", "/billing/balance"] {
        assert_eq!(visitor.get(path).await.header("set-cookie"), "", "{path}");
    }
    sign_in(&visitor, "kim@example.com", PASSWORD).await;
    assert_eq!(visitor.cookie_header(), "");
}

async fn known_and_unknown_addresses_get_the_same_answer(shop: TestShop) {
    shop.customer("kim@example.com").await;
    let known = sign_in(&shop.visitor(), "kim@example.com", "wrong password").await;
    for email in ["nobody@example.com", "", "not an address", "\u{0}"] {
        let unknown = sign_in(&shop.visitor(), email, "wrong password").await;
        unknown.assert_problem(401, "invalid_credentials");
        assert_eq!(unknown.text(), known.text());
    }
}

async fn guessing_at_an_account_is_slowed_down(shop: TestShop) {
    shop.customer("kim@example.com").await;
    shop.clock.stop();
    for email in ["kim@example.com", "nobody@example.com"] {
        let mut answers = Vec::new();
        for _ in 0..12 {
            answers.push(sign_in(&shop.visitor(), email, "wrong password").await);
        }
        let statuses = answers.iter().map(|answer| answer.status.as_u16()).collect::<Vec<_>>();
        assert_eq!(statuses, [[401].repeat(11), vec![429]].concat(), "{email}");
        answers[11].assert_problem(429, "too_many_attempts");
        assert_eq!(answers[11].header("retry-after"), "30");
    }
    // The right password is refused too; otherwise an attacker could go on guessing.
    sign_in(&shop.visitor(), "kim@example.com", PASSWORD).await.assert_problem(429, "too_many_attempts");
}

async fn the_demo_account_is_there_in_mock_mode_alone(shop: TestShop) {
    futures::future::join_all((0..4).map(|_| shop.state.identity.create_demo_account())).await;
    shop.state.identity.create_demo_account().await.unwrap();
    let demo = shop.visitor();
    assert_eq!(sign_in(&demo, DEMO_EMAIL, DEMO_PASSWORD).await.status, StatusCode::NO_CONTENT);
    assert_eq!(demo.credits().await, 0);

    let live = shop.with_settings(&[
        ("STRIPE_SECRET_KEY", "sk_live_1"),
        ("SMTP_URL", "smtp://127.0.0.1:1"),
        ("MAIL_FROM", "shop@example.com"),
        ("SELLER_NAME", "A"),
        ("SELLER_ADDRESS", "B"),
        ("SELLER_VAT_ID", "C"),
    ]);
    sign_in(&live.visitor(), DEMO_EMAIL, DEMO_PASSWORD).await.assert_problem(401, "invalid_credentials");
    let still = Client { shop: live.clone(), cookies: demo.cookies.clone() };
    still.get("/billing/balance").await.assert_problem(401, "not_signed_in");
    let kim = live.customer("kim@example.com").await;
    let body = json!({"session_id": "cs_mock_1"});
    kim.post("/billing/checkout/complete", &body).await.assert_problem(404, "not_found");
    let document = live.visitor().get("/billing/openapi.json").await.json();
    assert!(document["paths"]["/billing/checkout/complete"].is_null());
}

async fn signed_out_everywhere_after_two_weeks(shop: TestShop) {
    use billing::store::AccountStore;
    let kim = shop.customer("kim@example.com").await;
    let accounts: &dyn AccountStore = shop.state.accounts.as_ref();
    let day = jiff::SignedDuration::from_hours(24);
    let now = shop.state.clock.now();
    assert_eq!(accounts.delete_expired_sessions(now + day * 13).await.unwrap(), 0);
    assert_eq!(kim.credits().await, 0);
    assert_eq!(accounts.delete_expired_sessions(now + day * 15).await.unwrap(), 1);
    kim.get("/billing/balance").await.assert_problem(401, "not_signed_in");
}
