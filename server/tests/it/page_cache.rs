//! The front page is served from the cache only while its data is unchanged.

use axum::http::StatusCode;
use serde_json::json;

use crate::{
    customer::completed,
    shop::{Client, PASSWORD, TestShop},
};

on_both_databases!(
    a_cached_page_is_forgotten_with_every_change,
    a_cached_page_has_each_answers_own_nonce,
    nobody_is_answered_with_anothers_page,
);

/// A page, and the nonce in its header.
async fn page(visitor: &Client, path: &str) -> (String, String) {
    let answer = visitor.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let nonce = answer.header("content-security-policy").split("'nonce-").nth(1).unwrap();
    let nonce = nonce.split('\'').next().unwrap().to_owned();
    (answer.text(), nonce)
}

/// Requests the page several times, asserts that it stays the same, and returns it without its nonce.
async fn settled_page(visitor: &Client) -> String {
    let (first, nonce) = page(visitor, "/").await;
    let first = first.replace(&nonce, "");
    for _ in 0..2 {
        let (again, nonce) = page(visitor, "/").await;
        assert_eq!(again.replace(&nonce, ""), first);
    }
    first
}

async fn a_cached_page_is_forgotten_with_every_change(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let empty = settled_page(&kim).await;
    let order = kim.order("credits_5").await;
    let open = settled_page(&kim).await;
    let mut unpaid = completed("evt_1", &order, 699);
    unpaid["data"]["object"]["payment_status"] = json!("unpaid");
    shop.notify(&unpaid).await;
    let processing = settled_page(&kim).await;
    shop.notify(&completed("evt_2", &order, 699)).await;
    let paid = settled_page(&kim).await;
    let refund =
        json!({"id": "re_1", "object": "refund", "amount": 699, "status": "succeeded", "payment_intent": "pi_1"});
    let event = json!({"id": "evt_3", "type": "refund.created", "livemode": false, "data": {"object": refund}});
    shop.notify(&event).await;
    let refunded = settled_page(&kim).await;
    let second = kim.order("credits_1").await;
    settled_page(&kim).await;
    let mut expired = completed("evt_4", &second, 149);
    expired["type"] = json!("checkout.session.expired");
    expired["data"]["object"]["status"] = json!("expired");
    expired["data"]["object"]["payment_status"] = json!("unpaid");
    shop.notify(&expired).await;
    let failed = settled_page(&kim).await;

    for (page, shown) in [
        (&empty, "Noch keine Käufe"),
        (&open, "Offen"),
        (&processing, "In Bearbeitung"),
        (&paid, "Bezahlt"),
        (&refunded, "Erstattet"),
        (&failed, "Abgelaufen"),
    ] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
}

async fn a_cached_page_has_each_answers_own_nonce(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_1").await;
    let mut nonces = Vec::new();
    for _ in 0..3 {
        let (html, nonce) = page(&kim, "/").await;
        let scripts = html.matches("<script").count();
        assert!(scripts > 0);
        assert_eq!(html.matches(&format!("nonce=\"{nonce}\"")).count(), html.matches("nonce=\"").count(), "{html}");
        assert!(!nonces.contains(&nonce));
        nonces.push(nonce);
    }
}

async fn nobody_is_answered_with_anothers_page(shop: TestShop) {
    let (kim, lee) = (shop.customer("kim@example.com").await, shop.customer("lee@example.com").await);
    for _ in 0..2 {
        assert!(page(&kim, "/").await.0.contains("kim@example.com"));
        assert!(page(&lee, "/").await.0.contains("lee@example.com"));
        let (nobodys, _) = page(&shop.visitor(), "/").await;
        assert!(!nobodys.contains("@example.com") && nobodys.contains("lang=\"de\""));
    }
    kim.form("/locale", "locale=en&next=/").await;
    assert!(page(&kim, "/").await.0.contains("lang=\"en\""));
    assert!(page(&lee, "/").await.0.contains("lang=\"de\""));
    // In the same browser, Kim signs out and Lee signs in.
    kim.delete("/auth/session").await;
    assert!(!page(&kim, "/").await.0.contains("@example.com"));
    kim.post("/auth/session", &json!({"email": "lee@example.com", "password": PASSWORD})).await;
    for _ in 0..2 {
        let (lees, _) = page(&kim, "/").await;
        assert!(lees.contains("lee@example.com") && !lees.contains("kim@example.com"), "{lees}");
    }
}
