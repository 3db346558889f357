//! The operator's commands.

use axum::http::StatusCode;
use billing::event::EventStatus;
use serde_json::{Value, json};
use server::operator::{self, CommandError};

use crate::{
    customer::completed,
    mails::{mailer, send_due},
    provider::{Fickle, Mood},
    shop::{PASSWORD, TestShop},
    withdrawals::declare,
};

on_both_databases!(
    a_replay_says_what_became_of_the_event_and_why_it_did_not_apply,
    a_replay_that_fails_says_why_it_failed_now_and_not_what_was_noted_before,
    a_reconciliation_that_leaves_something_undone_has_failed,
    a_customer_is_shown_with_what_is_theirs_and_nobody_elses,
    a_customer_of_many_purchases_is_shown_in_part_and_it_is_said_how_many_are_left_out,
    a_new_password_lets_its_owner_in_and_everybody_else_out,
    a_mail_that_was_sent_goes_out_once_more_and_shows_as_another,
);

fn reversal(event_id: &str, payment: &str, refunded: i64) -> Value {
    json!({
        "id": event_id, "object": "event", "type": "charge.refunded", "livemode": false,
        "data": {"object": {
            "id": "ch_1", "object": "charge", "amount": 699, "amount_refunded": refunded, "payment_intent": payment,
            "livemode": false, "metadata": {},
        }},
    })
}

/// Why a command did nothing.
fn refusal(outcome: Result<String, CommandError>) -> String {
    match outcome {
        Err(CommandError::Refused(why)) => why,
        other => panic!("{other:?}"),
    }
}

async fn a_replay_says_what_became_of_the_event_and_why_it_did_not_apply(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let mut orders = Vec::new();
    for (event, product, amount) in [("evt_wrong", "credits_1", 1), ("evt_right", "credits_5", 699)] {
        orders.push(kim.order(product).await);
        assert_eq!(shop.notify(&completed(event, &orders[orders.len() - 1], amount)).await.status, StatusCode::OK);
    }
    let worker = shop.worker();
    let replay = async |event| operator::events::replay(&worker, event).await;
    assert_eq!(replay("evt_right").await.unwrap(), "evt_right checkout.session.completed: applied, nothing new\n");
    assert_eq!(
        refusal(replay("evt_wrong").await),
        "evt_wrong checkout.session.completed: needs attention, the session's amount is not the purchase's"
    );
    let unknown = "There is no event evt_other; `server events list` shows which there are.";
    assert_eq!(refusal(replay("evt_other").await), unknown);
    assert_eq!(refusal(operator::events::show(&worker, "evt_other").await), unknown);
    assert_eq!(kim.credits().await, 5, "and nothing is booked twice");

    // Whether it was applied or not, an event is shown with the purchase that it is about.
    let list = operator::events::list(&worker, None, 9).await.unwrap();
    for (event, order) in ["evt_wrong", "evt_right"].iter().zip(&orders) {
        let about = format!("purchase {}", order["purchase_id"].as_str().unwrap());
        let line = list.lines().find(|line| line.contains(event)).unwrap();
        assert!(line.contains(&about), "{line}");
        assert!(operator::events::show(&worker, event).await.unwrap().contains(&about));
    }
}

async fn a_replay_that_fails_says_why_it_failed_now_and_not_what_was_noted_before(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    shop.notify(&reversal("evt_1", "pi_unknown", 699)).await;
    shop.work_off_events().await;
    let event = async || shop.stores.store.event("evt_1").await.unwrap().unwrap();
    assert_eq!(event().await.status, EventStatus::Ignored);
    let noted = event().await.note;
    assert_eq!(noted, "no purchase of this shop has that payment");

    provider.be(Mood::Unavailable);
    let why = refusal(operator::events::replay(&shop.worker(), "evt_1").await);
    assert!(why.contains("could not be applied, the payment provider is not available"), "{why}");
    assert!(why.contains("It stays IGNORED") && !why.contains(&noted), "{why}");
    // An event that the worker will retry.
    shop.notify(&reversal("evt_2", "pi_unknown", 699)).await;
    let why = refusal(operator::events::replay(&shop.worker(), "evt_2").await);
    assert!(why.ends_with("The running shop tries again."), "{why}");
}

async fn a_reconciliation_that_leaves_something_undone_has_failed(shop: TestShop) {
    let provider = Fickle::new();
    let shop = shop.with_provider(provider.clone());
    provider.be(Mood::Unavailable);
    shop.notify(&reversal("evt_1", "pi_unknown", 699)).await;
    match operator::reconcile::reconcile(&shop.worker(), shop.state.clock.now(), false).await {
        Err(CommandError::Partly { report, undone }) => {
            assert!(report.contains("event evt_1 charge.refunded: could not be applied"), "{report}");
            assert!(report.ends_with("1 events taken up, 0 purchases asked about, 0 changed.\n"), "{report}");
            assert_eq!(undone, "1 events did not apply, 0 purchases could not be asked about.");
        }
        other => panic!("{other:?}"),
    }
}

async fn a_customer_is_shown_with_what_is_theirs_and_nobody_elses(shop: TestShop) {
    let (kim, lee) = (shop.customer("kim@example.com").await, shop.customer("lee@example.com").await);
    let mut orders = Vec::new();
    for (visitor, event, product, cents) in [(&kim, "evt_kim", "credits_5", 699), (&lee, "evt_lee", "credits_1", 149)] {
        let order = visitor.order(product).await;
        let payment = format!("pi_{event}");
        let mut told = completed(event, &order, cents);
        told["data"]["object"]["payment_intent"] = json!(payment);
        shop.notify(&told).await;
        shop.notify(&reversal(&format!("{event}_refund"), &payment, 140)).await;
        orders.push(order["purchase_id"].as_str().unwrap().to_owned());
    }
    let worker = shop.worker();
    worker.billing.number_receipts(&worker.issuer).await.unwrap();
    declare(&kim, "Kim", &orders[0], "kim@example.com").await;
    let shown = operator::customer::show(&worker, " Kim@Example.com ", 9).await.unwrap();
    assert!(
        shown.starts_with("kim@example.com, user ") && shown.contains("balance: 4 credits, held: 0, available: 4\n"),
        "{shown}"
    );
    for part in [
        " PAID credits_5 5 credits, 699 cents EUR, IZA-000001, cs_mock_",
        ", pi_evt_kim\n",
        " PURCHASE +5 credits, balance 5, purchase ",
        " REFUND ",
        " -1 credits, balance 4, purchase ",
        " APPLIED   1 evt_kim checkout.session.completed purchase ",
        " evt_kim_refund charge.refunded purchase ",
        &format!("confirmation of purchase {}: due ", orders[0]),
        "acknowledgement of withdrawal ",
        " EFFECTIVE ",
    ] {
        assert!(shown.contains(part), "{part} is not in {shown}");
    }
    assert!(!shown.contains("lee") && !shown.contains(&orders[1]), "{shown}");
    let at = |part: &str| shown.find(part).unwrap();
    assert!(at("evt_kim_refund") < at("evt_kim check") && at("#2 ") < at("#1 "), "newest first: {shown}");

    assert_eq!(
        refusal(operator::customer::show(&worker, "max@example.com", 9).await),
        "There is no customer max@example.com."
    );
    assert_eq!(refusal(operator::customer::show(&worker, "kim", 9).await), "kim is not an e-mail address.");
}

async fn a_customer_of_many_purchases_is_shown_in_part_and_it_is_said_how_many_are_left_out(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    for _ in 0..3 {
        kim.buy("credits_1").await;
    }
    let shown = operator::customer::show(&shop.worker(), "kim@example.com", 1).await.unwrap();
    assert_eq!(shown.matches("  and 2 older ones\n").count(), 3, "purchases, entries and mails: {shown}");
    assert!(shown.contains("#3 ") && !shown.contains("#2 "), "the newest: {shown}");
    assert!(shown.contains("payment events: none\n") && shown.contains("withdrawals: none\n"), "{shown}");
}

async fn a_new_password_lets_its_owner_in_and_everybody_else_out(shop: TestShop) {
    let (kim, lee) = (shop.customer("kim@example.com").await, shop.customer("lee@example.com").await);
    let worker = shop.worker();
    let reset = async |password: Option<&str>| {
        operator::accounts::reset_password(&worker, "kim@example.com", password.map(str::to_owned)).await
    };
    let sign_in = async |password: &str| {
        let visitor = shop.visitor();
        visitor.post("/auth/session", &json!({"email": "kim@example.com", "password": password})).await.status
    };
    for weak in ["short", "kim@example.com", "1234567890", "passwort123"] {
        assert!(refusal(reset(Some(weak)).await).starts_with("A password has 10 to 128 characters"));
    }
    assert_eq!(kim.credits().await, 0, "still signed in");

    let told = reset(None).await.unwrap();
    let password = told.strip_prefix("The new password is ").and_then(|rest| rest.lines().next()).unwrap().to_owned();
    assert!(told.ends_with("The password is set, and 1 sessions have ended.\n"), "{told}");
    kim.get("/billing/balance").await.assert_problem(401, "not_signed_in");
    assert_eq!(lee.credits().await, 0, "others stay signed in");
    assert_eq!(sign_in(PASSWORD).await, StatusCode::UNAUTHORIZED);
    assert_eq!(sign_in(&password).await, StatusCode::NO_CONTENT);
    let other = reset(None).await.unwrap();
    assert!(!other.contains(&password), "another each time");

    let told = reset(Some("correct horse, too")).await.unwrap();
    assert!(!told.contains("horse"), "who gave it knows it: {told}");
    assert_eq!(sign_in("correct horse, too").await, StatusCode::NO_CONTENT);
    let nobody = operator::accounts::reset_password(&worker, "max@example.com", None).await;
    assert_eq!(refusal(nobody), "There is no customer max@example.com.");
}

async fn a_mail_that_was_sent_goes_out_once_more_and_shows_as_another(shop: TestShop) {
    let kim = shop.customer("kim@example.com").await;
    let pending = kim.order("credits_1").await["purchase_id"].as_str().unwrap().to_owned();
    let bought = kim.buy("credits_1").await["id"].as_str().unwrap().to_owned();
    declare(&kim, "Kim", &bought, "kim@example.com").await;
    let worker = shop.worker();
    let withdrawal = worker.billing.withdrawals(1).await.unwrap()[0].id.to_string();
    let mailer = mailer(&shop, None);
    let mailbox = shop.state.mailbox.clone().unwrap();
    let resend = async |id: &str| operator::mails::resend(&worker, id).await;
    assert!(resend(&bought).await.unwrap().starts_with("The confirmation of purchase "));
    send_due(&mailer).await;
    assert_eq!(mailbox.mails().len(), 2, "it was owed, and is sent once");

    for id in [&bought, &withdrawal] {
        assert!(resend(id).await.unwrap().starts_with("Another copy of the "));
        let list = operator::mails::list(&worker, true, 9).await.unwrap();
        assert!(list.contains(": sent ") && list.contains(", another copy due "), "{list}");
        send_due(&mailer).await;
    }
    let ids: std::collections::BTreeSet<_> = mailbox
        .mails()
        .iter()
        .map(|mail| {
            let raw = String::from_utf8(mail.raw.clone()).unwrap();
            raw.lines().find(|line| line.starts_with("Message-ID: ")).unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids.len(), 4, "mail programs hide a second mail of one id: {ids:?}");

    // An unpaid purchase, an unknown id, and an invalid one.
    let unknown = "0198f2a4-7b1c-7def-8a2b-0123456789ab";
    for id in [pending.as_str(), unknown, "IZA-000001", ""] {
        assert!(refusal(resend(id).await).starts_with(&format!("There is no mail about {id}: ")), "{id}");
    }
    // A mail that is being sent.
    shop.clock.stop();
    resend(&bought).await.unwrap();
    worker.billing.mail_to_send().await.unwrap().unwrap();
    assert!(refusal(resend(&bought).await).contains("is sending that mail just now"));
    assert_eq!(operator::mails::retry(&worker).await.unwrap(), "0 mails are due now; a running shop sends them.\n");
}
