//! Paths that are almost right, or that no file can have.

use axum::{
    body::Body,
    http::{Method, Request, StatusCode, header},
};

use crate::{
    openapi::routes,
    shop::{TestShop, bare},
};

on_both_databases!(
    a_slash_at_the_end_of_a_page_leads_to_the_page,
    a_slash_at_the_end_never_leads_to_another_host,
    a_bad_query_parameter_of_a_page_is_a_page_that_says_so,
    a_name_that_no_file_can_have_is_not_found,
);

async fn a_slash_at_the_end_of_a_page_leads_to_the_page(shop: TestShop) {
    let visitor = shop.visitor();
    let api = |path: &str| ["/api/", "/billing/", "/auth/"].iter().any(|prefix| path.starts_with(prefix));
    let pages =
        ["/signin", "/signup", "/withdraw", "/account", "/checkout/success", "/checkout/cancel", "/legal/terms"];
    for page in pages.into_iter().chain(["/purchases/0198f2a4-7b1c-7def-8a2b-0123456789ab", "/dev/components"]) {
        for (method, query) in [
            (Method::GET, ""),
            (Method::GET, "?lang=en&next=%2F"),
            (Method::HEAD, ""),
            (Method::POST, ""),
            (Method::PUT, ""),
            (Method::DELETE, ""),
            (Method::OPTIONS, ""),
        ] {
            let answer = visitor.send(bare(method, &format!("{page}/{query}"))).await;
            let wanted = (StatusCode::PERMANENT_REDIRECT, format!("{page}{query}"));
            assert_eq!((answer.status, answer.header("location").to_owned()), wanted);
        }
    }
    // Every page has such a route.
    let known = routes(&shop.state);
    for page in known.iter().filter(|path| !path.ends_with('/') && !api(path) && !path.contains("__private")) {
        let is_page = page.starts_with("/dev/") || page.starts_with("/legal/") || pages.contains(&page.as_str());
        assert_eq!(
            known.contains(&format!("{page}/")),
            is_page || page == "/purchases/{id}" || is_language(page),
            "{page}"
        );
    }
    for method in [Method::GET, Method::POST] {
        let answer = visitor.send(bare(method, "/en/signin/?next=%2F")).await;
        let wanted = (StatusCode::PERMANENT_REDIRECT, "/signin/?lang=en&next=%2F");
        assert_eq!((answer.status, answer.header("location")), wanted);
    }
    visitor.get("/billing/purchases/").await.assert_problem(404, "not_found");
    assert_eq!(visitor.get("/nowhere/").await.status, StatusCode::NOT_FOUND);
}

fn is_language(path: &str) -> bool {
    ["/de", "/en"].contains(&path)
}

async fn a_slash_at_the_end_never_leads_to_another_host(shop: TestShop) {
    let visitor = shop.visitor();
    for path in
        ["//evil.example/", "//evil.example/signin/", "/%2Fevil.example/", "/\\evil.example/", "///", "/signin//"]
    {
        let answer = visitor.get(path).await;
        assert!(!answer.status.is_redirection(), "{path}: {}", answer.header("location"));
    }
    let within = visitor.get("/purchases/%2Fevil.example/").await;
    assert_eq!(within.header("location"), "/purchases/%2Fevil.example");
}

async fn a_bad_query_parameter_of_a_page_is_a_page_that_says_so(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for address in [
        "/account?before=abc",
        "/?older=zzz",
        "/?older=",
        "/?lang=fr",
        "/withdraw?purchase=abc",
        "/account?before=1&before=2",
    ] {
        let mut request = bare(Method::GET, address);
        request.headers_mut().insert(header::ACCEPT, "text/html".parse().unwrap());
        let answer = kim.send(request).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(answer.text().contains("<html lang=\"de\""), "{address}: {}", answer.text());
        kim.get(address).await.assert_problem(400, "invalid_query");
    }
    let purchase = kim.buy("credits_1").await["id"].as_str().unwrap().to_owned();
    for address in [
        "/account?before=1",
        &format!("/?older={purchase}"),
        "/?lang=en",
        &format!("/withdraw?purchase={purchase}"),
        "/?unknown=zzz",
        "/account?older=zzz",
    ] {
        assert_eq!(kim.get(address).await.status, StatusCode::OK, "{address}");
    }
    // An invalid id is answered like an unknown one.
    for address in
        ["/checkout/cancel?purchase_id=abc", "/checkout/success?session_id=%00", "/withdraw?received=abc", "/?buy=abc"]
    {
        assert_eq!(kim.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
}

async fn a_name_that_no_file_can_have_is_not_found(shop: TestShop) {
    let site = tempfile::tempdir().unwrap();
    std::fs::create_dir(site.path().join("pkg")).unwrap();
    std::fs::write(site.path().join("favicon.svg"), "<svg/>").unwrap();
    let shop = shop.with_settings(&[("LEPTOS_SITE_ROOT", site.path().to_str().unwrap())]);
    let visitor = shop.visitor();
    let of_length = |length: usize| format!("/{}", "a".repeat(length));
    let mut paths: Vec<String> = [251, 252, 255, 256, 4_096, 20_000].map(of_length).to_vec();
    paths.push("/pkg".to_owned() + &of_length(256));
    paths.push("/ab".repeat(2_000));
    paths.push(format!("/{}", "%C3%A4".repeat(128)));
    paths.extend(
        ["/%00", "/pkg/%00.js", "/a%00b/c", "/pkg", "/pkg/", "/favicon.svg/x", "/favicon.svg/", "/%2e", "/./pkg"]
            .map(str::to_owned),
    );
    for path in &paths {
        for method in [Method::GET, Method::HEAD] {
            for encoding in ["identity", "gzip, deflate, br, zstd"] {
                let request =
                    Request::builder().method(method.clone()).uri(path).header(header::ACCEPT_ENCODING, encoding);
                let answer = visitor.send(request.body(Body::empty()).unwrap()).await;
                assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
            }
        }
    }
    assert_eq!(visitor.get("/favicon.svg").await.status, StatusCode::OK);
}
