//! The protection of pages and calls.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};
use serde_json::json;

use crate::shop::{Client, ORIGIN, TestShop, bare};

on_both_databases!(
    a_request_forged_by_another_site_is_turned_away,
    every_answer_has_the_headers,
    the_pages_scripts_carry_the_headers_nonce,
    behind_tls_cookies_insist_on_it,
    two_shops_on_one_host_keep_their_cookies_apart,
    nothing_private_is_cached,
    each_client_behind_a_proxy_is_told_apart,
);

async fn a_request_forged_by_another_site_is_turned_away(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let post = |path: &str, headers: &[(&str, &str)], kind: &str| {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, kind).header(header::HOST, "127.0.0.1:3000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if kind.ends_with("json") { r#"{"product_id":"credits_1"}"# } else { "" };
        request.body(Body::from(body)).unwrap()
    };
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let forged: [&[(&str, &str)]; 6] = [
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")],
        &[("Sec-Fetch-Site", "same-site"), ("Origin", "http://127.0.0.1:4000")],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "http://127.0.0.1:4000")],
    ];
    for headers in forged {
        for (path, kind) in [
            ("/billing/checkout/session", json),
            ("/billing/checkout/complete", json),
            ("/auth/accounts", json),
            ("/auth/session", json),
            ("/signin", form),
            ("/signup", form),
            ("/signout", form),
            ("/locale", form),
            ("/api/create_checkout", form),
            ("/api/discard_purchase", form),
            ("/", form),
        ] {
            kim.send(post(path, headers, kind)).await.assert_problem(403, "cross_site_request");
        }
        let mut delete = bare(Method::DELETE, "/auth/session");
        *delete.headers_mut() = post("/", headers, json).headers().clone();
        kim.send(delete).await.assert_problem(403, "cross_site_request");
        // The webhook is signed instead.
        kim.send(post("/billing/webhook", headers, json)).await.assert_problem(400, "invalid_signature");
    }
    assert!(kim.purchases().await.is_empty());

    let allowed: [&[(&str, &str)]; 5] = [
        &[],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", ORIGIN)],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", ORIGIN)],
        &[("Origin", "http://127.0.0.1:3000")],
    ];
    for headers in allowed {
        let answer = kim.send(post("/billing/checkout/session", headers, json)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{headers:?}");
    }
    // Behind a proxy that changes the Host header, the public URL is used.
    let shop = shop.with_settings(&[("PUBLIC_URL", "https://shop.example.com"), ("ALLOW_PUBLIC_MOCK_MODE", "yes")]);
    let answer = shop.visitor().send(post("/signout", &[("Origin", "https://shop.example.com")], form)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    let answer =
        shop.visitor().send(post("/signout", &[("Origin", "https://shop.example.com.evil.example")], form)).await;
    answer.assert_problem(403, "cross_site_request");
}

async fn every_answer_has_the_headers(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for path in
        ["/", "/nowhere", "/billing/products", "/billing/nowhere", "/billing/purchases/x", "/pkg/none.js", "/healthz"]
    {
        let answer = kim.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "'strict-dynamic' 'wasm-unsafe-eval'",
            "style-src 'self';",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self' https://checkout.stripe.com;",
            "connect-src 'self';",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe-inline"));
        assert!(answer.header("permissions-policy").contains("camera=()"));
        assert_eq!(answer.header("x-request-id").len(), 16);
        assert_eq!(answer.header("strict-transport-security"), "");
        assert_eq!(answer.header("server"), "");
    }
    let watched = shop.with_settings(&[("LEPTOS_WATCH", "ON")]);
    let policy = watched.visitor().get("/healthz").await;
    assert!(policy.header("content-security-policy").contains("connect-src 'self' ws://127.0.0.1:*"));
}

async fn the_pages_scripts_carry_the_headers_nonce(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut seen = Vec::new();
    for path in ["/", "/?buy=credits_5", "/signin", "/nowhere", "/purchases/none"] {
        let page = kim.get(path).await;
        let policy = page.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        assert!(nonce.len() >= 22, "{nonce}");
        let text = page.text();
        let (scripts, preloaded) = (text.matches("<script").count(), text.matches("rel=\"modulepreload\"").count());
        assert!(scripts > 0 && preloaded > 0, "{path}");
        assert_eq!(text.matches(&format!("nonce=\"{nonce}\"")).count(), scripts + preloaded, "{path}");
        assert!(!text.contains("<style") && !text.contains(" style=\"") && !text.contains(" onclick="), "{path}");
        assert!(!seen.contains(&nonce));
        seen.push(nonce);
    }
}

async fn behind_tls_cookies_insist_on_it(shop: TestShop) {
    let shop = shop.with_settings(&[("PUBLIC_URL", "https://shop.example.com"), ("ALLOW_PUBLIC_MOCK_MODE", "yes")]);
    let visitor = shop.visitor();
    let body = json!({"email": "kim@example.com", "password": crate::shop::PASSWORD});
    let answer = visitor.post("/auth/accounts", &body).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-iza_credits_session="), "{cookie}");
    for part in ["; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    assert_eq!(visitor.credits().await, 0);
    assert!(visitor.form("/locale", "locale=en").await.header("set-cookie").contains("; Secure"));
    let out = visitor.delete("/auth/session").await;
    assert!(out.header("set-cookie").starts_with("__Host-iza_credits_session=;"), "{}", out.header("set-cookie"));
}

/// Cookies ignore ports, so a browser sends them to every process on the same host.
async fn two_shops_on_one_host_keep_their_cookies_apart(shop: TestShop) {
    let other = shop.with_settings(&[("COOKIE_PREFIX", "other")]);
    let kim = shop.customer("kim@example.com").await;
    let at_other = Client { shop: other.clone(), cookies: kim.cookies.clone() };
    at_other.get("/billing/balance").await.assert_problem(401, "not_signed_in");
    let body = json!({"email": "lee@example.com", "password": crate::shop::PASSWORD});
    assert_eq!(at_other.post("/auth/accounts", &body).await.status, StatusCode::CREATED);
    at_other.form("/locale", "locale=en").await;
    // The cookies of another app.
    kim.cookies.lock().unwrap().extend([("session", "x"), ("locale", "en")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert!(kim.cookie_header().contains("iza_credits_session=") && kim.cookie_header().contains("other_session="));
    let page = kim.get("/").await.text();
    assert!(page.contains("kim@example.com") && page.contains("<html lang=\"de\""), "{page}");
    let page = at_other.get("/").await.text();
    assert!(page.contains("lee@example.com") && page.contains("<html lang=\"en\""), "{page}");
}

async fn nothing_private_is_cached(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let purchase = kim.buy("credits_1").await;
    let receipt = format!("/billing/purchases/{}", purchase["id"].as_str().unwrap());
    for path in ["/billing/balance", "/billing/purchases", &receipt, "/", "/nowhere", "/billing/nowhere"] {
        assert_eq!(kim.get(path).await.header("cache-control"), "no-store", "{path}");
    }
}

async fn each_client_behind_a_proxy_is_told_apart(shop: TestShop) {
    let guess = async |shop: &TestShop, client: &str, n: usize| {
        let body = json!({"email": format!("{n}@example.com"), "password": "wrong password"});
        shop.visitor().post_with("/auth/session", &[("X-Forwarded-For", client)], &body).await.status.as_u16()
    };
    let proxied = shop.with_settings(&[("CLIENT_IP_HEADER", "X-Forwarded-For")]);
    proxied.clock.stop();
    shop.clock.stop();
    for n in 0..51 {
        // A client can forge everything before the address that the proxy appends.
        assert_eq!(guess(&proxied, &format!("10.0.0.{n}, 192.0.2.1"), n).await, 401);
    }
    assert_eq!(guess(&proxied, "192.0.2.1", 51).await, 429);
    assert_eq!(guess(&proxied, "192.0.2.2", 52).await, 401);
    // Without the setting, the header is ignored, because the client may have sent it.
    for n in 0..51 {
        assert_eq!(guess(&shop, &format!("10.0.0.{n}"), n).await, 401);
    }
    assert_eq!(guess(&shop, "10.0.0.99", 51).await, 429);
}
