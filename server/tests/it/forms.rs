//! Plain HTML forms, as a browser sends them.

use axum::http::StatusCode;

use crate::shop::{Answer, PASSWORD, TestShop};

on_both_databases!(
    signing_up_in_and_out_by_form,
    a_purchase_is_ordered_and_dropped_by_form,
    a_form_that_is_refused_is_there_again_and_says_why,
    a_form_leads_to_this_site_alone,
    a_language_is_kept_for_a_year,
    pages_for_customers_ask_to_sign_in,
);

fn encoded(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

async fn signing_up_in_and_out_by_form(shop: TestShop) {
    let kim = shop.visitor();
    let form = encoded(&[("email", "kim@example.com"), ("password", PASSWORD), ("next", "/?buy=credits_5")]);
    for path in ["/signup", "/signin"] {
        let answer = kim.form(path, &form).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/?buy=credits_5"));
        assert_eq!(kim.credits().await, 0);
        let answer = kim.form("/signout", "").await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
        kim.get("/billing/balance").await.assert_problem(401, "not_signed_in");
    }
    assert_eq!(kim.form("/signout", "").await.status, StatusCode::SEE_OTHER);
}

async fn a_purchase_is_ordered_and_dropped_by_form(shop: TestShop) {
    fn leads_to(answer: &Answer) -> &str {
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer.header("location")
    }
    let kim = shop.customer("kim@example.com").await;
    let consent = kim.get("/billing/consent").await.json();
    let order = |product| {
        encoded(&[("product_id", product), ("order_key", "k1"), ("consent", consent["version"].as_str().unwrap())])
    };
    let ordered = kim.form("/api/create_checkout", &order("credits_5")).await;
    assert!(leads_to(&ordered).contains("/checkout/success?session_id=cs_mock_"), "{}", leads_to(&ordered));
    let again = kim.form("/api/create_checkout", &order("credits_5")).await;
    assert_eq!(leads_to(&again), leads_to(&ordered));
    let other = kim.form("/api/create_checkout", &order("credits_1")).await;
    assert_eq!(leads_to(&other), "/?buy=credits_1&error=key_reused");
    let purchases = kim.purchases().await;
    assert_eq!(purchases.len(), 1);

    let id = purchases[0]["id"].as_str().unwrap();
    let page = format!("/checkout/cancel?purchase_id={id}");
    let drop = encoded(&[("purchase_id", id)]);
    let lee = shop.customer("lee@example.com").await;
    assert_eq!(leads_to(&lee.form("/api/discard_purchase", &drop).await), page);
    assert_eq!(kim.purchases().await[0]["status"], "PENDING");
    assert_eq!(leads_to(&kim.form("/api/discard_purchase", &drop).await), page);
    assert_eq!(kim.purchases().await[0]["status"], "FAILED");
    assert_eq!(leads_to(&kim.form("/api/create_checkout", &order("credits_5")).await), page);

    kim.form("/signout", "").await;
    assert_eq!(
        leads_to(&kim.form("/api/create_checkout", &order("credits_5")).await),
        "/signin?next=%2F%3Fbuy%3Dcredits_5"
    );
    let sign_in = format!("/signin?{}", encoded(&[("next", &page)]));
    assert_eq!(leads_to(&kim.form("/api/discard_purchase", &drop).await), sign_in);
}

async fn a_form_that_is_refused_is_there_again_and_says_why(shop: TestShop) {
    let visitor = shop.customer("kim@example.com").await;
    visitor.form("/signout", "").await;
    for (path, email, password, status, says) in [
        ("/signin", "kim@example.com", "wrong password", 401, "E-Mail-Adresse oder Passwort stimmt nicht."),
        ("/signup", "kim@example.com", PASSWORD, 409, "Zu dieser E-Mail-Adresse gibt es schon ein Konto."),
        ("/signup", "lee@example.com", "passwort123", 422, "Dieses Passwort wäre zu leicht zu erraten."),
        ("/signup", "kim\">", PASSWORD, 422, "Das ist keine gültige E-Mail-Adresse."),
        ("/signup", "lee@example.com", "too short", 422, "Dieses Passwort wäre zu leicht zu erraten."),
    ] {
        let fields = [("email", email), ("password", password), ("next", "/purchases/1")];
        let answer = visitor.form(path, &encoded(&fields)).await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.header("cache-control"), "no-store");
        let page = answer.text();
        assert!(page.contains(says), "{says}: {page}");
        assert!(page.contains(&format!("value=\"{}\"", email.replace('"', "&quot;").replace('>', "&gt;"))), "{page}");
        assert!(page.contains("name=\"next\" value=\"/purchases/1\""), "{page}");
        assert!(!page.contains(password), "a password is not sent back");
        let nowhere = visitor.form(path, &encoded(&fields[..2])).await.text();
        assert!(nowhere.contains("name=\"next\" value=\"/\""), "{nowhere}");
    }
    let wrong = encoded(&[("email", "lee@example.com"), ("password", "wrong password")]);
    shop.clock.stop();
    for _ in 0..11 {
        visitor.form("/signin", &wrong).await;
    }
    let refused = visitor.form("/signin", &wrong).await;
    assert_eq!((refused.status, refused.header("retry-after").is_empty()), (StatusCode::TOO_MANY_REQUESTS, false));
    assert!(refused.text().contains("Zu viele Versuche."), "{}", refused.text());
    let incomplete = visitor.form("/signin", "email=kim").await;
    assert_eq!(incomplete.status, StatusCode::BAD_REQUEST);
    assert!(incomplete.header("content-type").starts_with("text/html"), "a person reads this");
}

async fn a_form_leads_to_this_site_alone(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for next in
        ["//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "/\r\nSet-Cookie: a=b", ""]
    {
        let fields = [("email", "kim@example.com"), ("password", PASSWORD), ("next", next)];
        assert_eq!(kim.form("/signin", &encoded(&fields)).await.header("location"), "/", "{next:?}");
        let fields = [("locale", "en"), ("next", next)];
        assert_eq!(kim.form("/locale", &encoded(&fields)).await.header("location"), "/", "{next:?}");
    }
}

async fn a_language_is_kept_for_a_year(shop: TestShop) {
    let visitor = shop.visitor();
    assert!(visitor.get("/signin").await.text().contains("<html lang=\"de\""));
    let answer = visitor.form("/locale", "locale=en&next=/signin").await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/signin"));
    assert_eq!(answer.header("set-cookie"), "iza_credits_locale=en; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax");
    assert!(visitor.get("/signin").await.text().contains("<html lang=\"en\""));
    assert_eq!(visitor.form("/locale", "locale=xx").await.status, StatusCode::BAD_REQUEST);
}

async fn pages_for_customers_ask_to_sign_in(shop: TestShop) {
    let visitor = shop.visitor();
    for (path, next) in [
        ("/?buy=credits_5", "%2F%3Fbuy%3Dcredits_5"),
        ("/checkout/success?session_id=cs_1", "%2Fcheckout%2Fsuccess%3Fsession_id%3Dcs_1"),
        ("/checkout/cancel?purchase_id=1", "%2Fcheckout%2Fcancel%3Fpurchase_id%3D1"),
        ("/purchases/1", "%2Fpurchases%2F1"),
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{path}");
        assert_eq!(answer.header("location"), format!("/signin?next={next}"));
    }
    assert_eq!(visitor.get("/").await.status, StatusCode::OK);
    let kim = shop.customer("kim@example.com").await;
    assert_eq!(kim.get("/?buy=credits_5").await.status, StatusCode::OK);
}
