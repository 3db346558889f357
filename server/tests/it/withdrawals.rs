//! The withdrawal function that the law requires.

use axum::http::StatusCode;
use billing::withdrawal::WithdrawalDecision;
use jiff::SignedDuration;
use serde_json::json;
use server::{lifecycle, operator};

use crate::shop::{Answer, Client, TestShop};

on_both_databases!(
    a_withdrawal_is_acknowledged_with_what_was_said_and_when,
    a_withdrawal_after_delivery_with_consent_is_answered_with_reasons,
    a_stranger_learns_nothing_by_declaring,
    a_withdrawal_that_says_too_little_is_not_taken_for_one,
    declarations_cannot_be_used_to_flood_an_address,
);

async fn declaration(visitor: &Client, name: &str, contract: &str, email: &str) -> Answer {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("name", name), ("contract", contract), ("email", email)])
        .finish();
    visitor.form("/withdraw", &form).await
}

/// Sends a valid declaration. Returns the page to which it redirects.
pub async fn declare(visitor: &Client, name: &str, contract: &str, email: &str) -> String {
    let answer = declaration(visitor, name, contract, email).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
    answer.header("location").to_owned()
}

async fn standings(shop: &TestShop) -> Vec<WithdrawalDecision> {
    let withdrawals = shop.state.shop.billing.withdrawals(10).await.unwrap();
    withdrawals.into_iter().map(|withdrawal| withdrawal.decision).collect()
}

async fn send_mails(shop: &TestShop) {
    crate::mails::send_due(&lifecycle::mailer(&shop.settings(&[]), &shop.state).unwrap()).await;
}

/// Buys five credits, with consent to immediate delivery.
async fn buy_with_consent(kim: &Client) -> String {
    let version = kim.get("/billing/consent").await.json()["version"].clone();
    let order = json!({"product_id": "credits_5", "consent": version});
    let order = kim.post("/billing/checkout/session", &order).await.json();
    kim.post("/billing/checkout/complete", &json!({"session_id": order["session_id"]})).await;
    order["purchase_id"].as_str().unwrap().to_owned()
}

async fn a_withdrawal_is_acknowledged_with_what_was_said_and_when(shop: TestShop) {
    let visitor = shop.visitor();
    assert!(visitor.get("/legal/imprint").await.text().contains("href=\"/withdraw\""), "within reach of every page");
    let form = visitor.get("/withdraw").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(form.text().contains("Widerruf bestätigen</button>"), "{}", form.text());
    let page = declare(&visitor, "Kim <b>Meier</b>", "5 Credits vom Mai", "Kim@example.com").await;
    let page = visitor.get(&page).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Ihr Widerruf ist eingegangen") && page.text().contains("kim@example.com"));
    assert_eq!(standings(&shop).await, [WithdrawalDecision::Unclear]);

    send_mails(&shop).await;
    let mails = shop.state.mailbox.as_ref().unwrap().mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "kim@example.com"));
    let content = &mails[0].content;
    assert!(content.subject.starts_with("Eingangsbestätigung Ihres Widerrufs vom "), "{}", content.subject);
    for part in ["Kim <b>Meier</b>", "5 Credits vom Mai", "Eingegangen am: ", "\u{a0}Uhr", "wird geprüft"] {
        assert!(content.text().contains(part), "{part}: {}", content.text());
    }
    assert!(!content.html().contains("<b>Meier"), "what was typed is no HTML");

    let worker = shop.worker();
    let list = operator::withdrawals::list(&worker, 10).await.unwrap();
    assert!(
        list.contains("UNCLEAR") && list.contains("5 Credits vom Mai") && list.contains("kim@example.com"),
        "{list}"
    );
    let mails = operator::mails::list(&worker, false, 10).await.unwrap();
    assert!(mails.contains("acknowledgement of withdrawal") && mails.contains(": sent "), "{mails}");
    assert_eq!(operator::mails::list(&worker, true, 10).await.unwrap(), "0 mails.\n");
}

async fn a_withdrawal_after_delivery_with_consent_is_answered_with_reasons(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let number = buy_with_consent(&kim).await;
    let contract = format!("Kaufnummer {number}");
    let form = kim.get(&format!("/withdraw?purchase={number}")).await;
    assert!(form.text().contains(&contract) && form.text().contains("kim@example.com"));

    // Before the confirmation is sent, the right exists.
    let page = declare(&kim, "Kim", &contract, "kim@example.com").await;
    assert!(kim.get(&page).await.text().contains("Ihr Widerruf ist wirksam."));
    send_mails(&shop).await;
    let page = declare(&kim, "Kim", &contract, "other@example.com").await;
    let answer = kim.get(&page).await.text();
    assert!(answer.contains("§ 356 Abs. 5 BGB") && answer.contains("verlangt"), "{answer}");
    assert!(!shop.visitor().get(&page).await.text().contains("§ 356 Abs. 5 BGB"), "for its buyer's eyes alone");
    // Without a session, the account's e-mail address identifies the purchase too.
    let page = declare(&shop.visitor(), "Kim", &number, "KIM@example.com").await;
    assert!(!shop.visitor().get(&page).await.text().contains("§ 356"), "and the answer goes to that address alone");
    assert_eq!(
        standings(&shop).await,
        [WithdrawalDecision::Delivered, WithdrawalDecision::Delivered, WithdrawalDecision::Effective]
    );
    send_mails(&shop).await;
    let newest = &shop.state.mailbox.as_ref().unwrap().mails()[0];
    assert!(newest.content.text().contains("§ 356 Abs. 5 BGB"), "{}", newest.content.text());

    // Without consent the right exists for fourteen days.
    let other = kim.buy("credits_1").await;
    let number = other["id"].as_str().unwrap();
    shop.clock.advance(SignedDuration::from_hours(24 * 14));
    declare(&kim, "Kim", number, "kim@example.com").await;
    shop.clock.advance(SignedDuration::from_hours(30));
    declare(&kim, "Kim", number, "kim@example.com").await;
    assert_eq!(standings(&shop).await[..2], [WithdrawalDecision::Late, WithdrawalDecision::Effective]);
}

async fn a_stranger_learns_nothing_by_declaring(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let number = buy_with_consent(&kim).await;
    let lee = shop.customer("lee@example.com").await;
    for email in ["lee@example.com", "x@example.com"] {
        let page = declare(&lee, "Lee", &number, email).await;
        assert!(lee.get(&page).await.text().contains("Die Erklärung wird geprüft"));
    }
    assert_eq!(standings(&shop).await, [WithdrawalDecision::Unclear, WithdrawalDecision::Unclear]);
    assert_eq!(lee.get("/withdraw?received=0198f2a4-7b1c-7def-8a2b-0123456789ab").await.status, StatusCode::NOT_FOUND);
    assert_eq!(lee.get("/withdraw?received=x").await.status, StatusCode::NOT_FOUND);
}

async fn a_withdrawal_that_says_too_little_is_not_taken_for_one(shop: TestShop) {
    let visitor = shop.visitor();
    for (name, contract, email) in [("", "x", "k@example.com"), ("Kim", " ", "k@example.com"), ("Kim", "x", "k")] {
        let answer = declaration(&visitor, name, contract, email).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        let page = answer.text();
        assert!(page.contains("Es wurde noch nichts erklärt."), "{page}");
        for entered in [name, contract, email] {
            assert!(page.contains(&format!("value=\"{entered}\"")), "{entered}: {page}");
        }
    }
    assert_eq!(standings(&shop).await, []);
}

async fn declarations_cannot_be_used_to_flood_an_address(shop: TestShop) {
    let visitor = shop.visitor();
    for _ in 0..5 {
        assert!(declare(&visitor, "Kim", "x", "kim@example.com").await.contains("received="));
    }
    let refused = declaration(&visitor, "Kim", "x", "kim@example.com").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text().contains("Zu viele Versuche."), "{}", refused.text());
    assert!(declare(&visitor, "Lee", "x", "lee@example.com").await.contains("received="));
}
