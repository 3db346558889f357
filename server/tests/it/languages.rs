//! The language of a page: from the URL, the cookie, or `Accept-Language`.

use axum::http::{Method, StatusCode, header};

use crate::shop::{TestShop, bare};

on_both_databases!(
    a_page_is_had_in_each_language_and_says_where,
    a_browser_gets_german_or_english_whatever_it_asks_for,
);

async fn a_browser_gets_german_or_english_whatever_it_asks_for(shop: TestShop) {
    for (asked, language) in [
        (&["fr"][..], "en"),
        (&["fr-CH, fr;q=0.9, *;q=0.5"], "en"),
        (&["fr, de;q=0.1"], "de"),
        (&["de-AT"], "de"),
        (&["en-US,en;q=0.9,de;q=0.8"], "en"),
        (&["fr", "de;q=0.5"], "de"),
        (&["*"], "de"),
        (&[""], "de"),
        (&[], "de"),
    ] {
        let mut request = bare(Method::GET, "/signin");
        for line in asked {
            request.headers_mut().append(header::ACCEPT_LANGUAGE, line.parse().unwrap());
        }
        let page = shop.visitor().send(request).await.text();
        assert!(page.contains(&format!("<html lang=\"{language}\"")), "{asked:?}: {page}");
    }
}

async fn a_page_is_had_in_each_language_and_says_where(shop: TestShop) {
    let visitor = shop.visitor();
    assert!(visitor.get("/legal/terms").await.text().contains("<html lang=\"de\">"));
    for (address, page) in [
        ("/en", "/?lang=en"),
        ("/en/", "/?lang=en"),
        ("/en/legal/terms", "/legal/terms?lang=en"),
        ("/de/signin?next=%2F", "/signin?lang=de&next=%2F"),
        ("/en//example.com", "/example.com?lang=en"),
    ] {
        let answer = shop.visitor().get(address).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::PERMANENT_REDIRECT, page), "{address}");
    }
    assert_eq!(visitor.get("/fr").await.status, StatusCode::NOT_FOUND);

    let english = visitor.get("/legal/terms?lang=en").await.text();
    assert!(english.contains("<html lang=\"en\">") && english.contains("Terms</h1>"), "{english}");
    for link in [
        "rel=\"canonical\" href=\"http://127.0.0.1:3000/legal/terms?lang=en\"",
        "hreflang=\"de\" href=\"http://127.0.0.1:3000/legal/terms?lang=de\"",
        "hreflang=\"en\" href=\"http://127.0.0.1:3000/legal/terms?lang=en\"",
        "hreflang=\"x-default\" href=\"http://127.0.0.1:3000/legal/terms\"",
    ] {
        assert!(english.contains(link), "{link}: {english}");
    }
    assert!(visitor.get("/").await.text().contains("Buy credits</h1>"), "and goes on in it");
    let kim = shop.customer("kim@example.com").await;
    let purchase = kim.buy("credits_1").await;
    let receipt = kim.get(&format!("/purchases/{}", purchase["id"].as_str().unwrap())).await.text();
    assert!(!receipt.contains("hreflang"), "nobody else is to find a receipt");
}
