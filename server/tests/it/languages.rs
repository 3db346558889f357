//! The language of a page: by its address, by what was chosen, or by what the browser asks for.

use axum::http::StatusCode;

use crate::shop::TestShop;

on_both_databases!(a_page_is_had_in_each_language_and_says_where);

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
