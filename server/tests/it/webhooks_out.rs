//! Webhooks out, against a receiver that does everything wrong.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use billing::outgoing_webhook::{Delivery, DeliveryState, WebhookEventType};
use jiff::SignedDuration;
use serde_json::json;
use server::{
    lifecycle,
    operator::{self, CommandError},
    webhooks::WebhookSender,
};

use crate::{
    mails::send_due,
    platform::Platform,
    shop::TestShop,
    webhook_receiver::{Behaviour, Receiver},
};

on_both_databases!(
    a_paid_purchase_is_told_once_and_signed,
    each_effect_is_told_once_to_the_endpoints_that_asked_for_it,
    an_endpoint_that_is_gone_for_three_days_is_tried_by_the_table_and_then_switched_off,
    an_endpoint_that_answers_410_is_switched_off_at_once,
    no_redirect_is_followed_and_a_reset_or_a_second_answer_confuses_nobody,
    an_endpoint_that_hangs_delays_no_other,
    a_process_that_dies_before_it_notes_the_answer_leaves_the_same_webhook_to_another,
    several_processes_send_each_webhook_once,
    nothing_is_sent_into_an_inner_network,
    what_is_sent_while_a_secret_is_rotated_is_signed_with_both,
    a_command_that_changes_nothing_says_so,
);

/// A shop whose operator has an address, whose webhooks may go to this machine, and whose clock stands.
fn shop_with_webhooks(shop: &TestShop) -> TestShop {
    let shop = shop.with_settings(&[("OPERATOR_EMAIL", "ops@example.com")]);
    shop.clock.stop();
    shop
}

fn sender(shop: &TestShop, allow_private: bool) -> WebhookSender {
    WebhookSender::new(
        shop.state.webhooks.clone(),
        shop.state.clock.clone(),
        allow_private,
        shop.state.shutdown.clone(),
    )
}

/// Adds an endpoint; gives its secret.
async fn add(shop: &TestShop, receiver: &Receiver) -> String {
    let added = operator::webhooks::add(&shop.state.webhooks, &receiver.url, Vec::new(), true).await;
    added.unwrap().secret.trim().to_owned()
}

async fn deliveries(shop: &TestShop) -> Vec<Delivery> {
    shop.state.webhooks.deliveries(false, 100).await.unwrap()
}

async fn delivery(shop: &TestShop) -> Delivery {
    deliveries(shop).await.remove(0)
}

fn refusal<T>(outcome: Result<T, CommandError>) -> String {
    let Err(error) = outcome else { panic!("it was done") };
    error.to_string()
}

async fn a_paid_purchase_is_told_once_and_signed(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    let secret = add(&shop, &receiver).await;
    let kim = shop.customer("kim@example.com").await;
    let bought = kim.buy("credits_5").await;
    receiver.behave(Behaviour::AnswerAfter(Duration::from_secs(2)));
    for _ in 0..2 {
        sender(&shop, true).deliver_due().await.unwrap();
    }
    let requests = receiver.received();
    assert_eq!(requests.len(), 1, "once, though it was slow");
    let told = &requests[0];
    assert!(told.is_signed_with(&secret) && !told.is_signed_with("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
    let mut forged = told.clone();
    forged.body = forged.body.replace('5', "6");
    assert!(!forged.is_signed_with(&secret), "each byte counts");
    assert_eq!(told.header("content-type"), "application/json");
    assert_eq!(told.id(), delivery(&shop).await.event.id.to_string());
    let json = told.json();
    assert_eq!(json["type"], "purchase.paid");
    assert!(json["timestamp"].as_str().unwrap().ends_with('Z'), "{json}");
    let data = &json["data"];
    assert_eq!(data["purchase_id"], bought["id"]);
    assert_eq!([&data["credits"], &data["balance"], &data["held"], &data["available"], &data["seq"]], [5, 5, 0, 5, 1]);
    for absent in ["spend_id", "grant_id", "hold_id", "reversal_id"] {
        assert!(data.get(absent).is_none(), "{data}");
    }
    assert_eq!(delivery(&shop).await.state, DeliveryState::Delivered(shop.state.clock.now()));
}

async fn each_effect_is_told_once_to_the_endpoints_that_asked_for_it(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let (all, two) = (Receiver::start().await, Receiver::start().await);
    add(&shop, &all).await;
    let types = vec![WebhookEventType::BalanceLow, WebhookEventType::HoldExpired];
    operator::webhooks::add(&shop.state.webhooks, &two.url, types, true).await.unwrap();
    let platform = Platform::of(&shop).await;
    platform.tenant("kim", 10).await;
    platform.put("kim", &json!({"low_balance": 5})).await;
    let spent = Platform::done(&platform.post("kim/spends", "crosses", &json!({"credits": 6})).await);
    Platform::done(&platform.post("kim/spends", "stays-below", &json!({"credits": 1})).await);
    let reversals = format!("kim/spends/{}/reversals", spent["spend"]["id"].as_str().unwrap());
    Platform::done(&platform.post(&reversals, "reversal", &json!({"credits": 1, "reason": "failed"})).await);
    platform.hold("kim", "hold", &json!({"credits": 1, "ttl_seconds": 60})).await;
    shop.clock.advance(SignedDuration::from_secs(60));
    for _ in 0..2 {
        shop.state.platform.platform.tidy().await.unwrap();
        sender(&shop, true).deliver_due().await.unwrap();
    }
    let told = |receiver: &Receiver| {
        let mut types: Vec<_> = receiver.received().iter().map(|told| told.json()["type"].clone()).collect();
        types.sort_by_key(ToString::to_string);
        types
    };
    assert_eq!(told(&all), ["balance.low", "grant.made", "hold.expired", "spend.reversed"]);
    assert_eq!(told(&two), ["balance.low", "hold.expired"]);
}

async fn an_endpoint_that_is_gone_for_three_days_is_tried_by_the_table_and_then_switched_off(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    add(&shop, &receiver).await;
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    receiver.behave(Behaviour::Answer(500));
    let sender = sender(&shop, true);
    let table = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(SignedDuration::from_secs);
    for (attempts, pause) in (1..).zip(table) {
        sender.deliver_due().await.unwrap();
        let stands = delivery(&shop).await;
        assert_eq!((stands.attempts, stands.last_status), (attempts, Some(500)));
        assert_eq!(stands.state, DeliveryState::Due(shop.state.clock.now() + pause));
        shop.clock.advance(pause - SignedDuration::from_micros(1));
        sender.deliver_due().await.unwrap();
        assert_eq!(receiver.received().len(), usize::try_from(attempts).unwrap(), "not a microsecond earlier");
        shop.clock.advance(SignedDuration::from_micros(1));
    }
    assert_eq!(operator_mails(&shop).await, 0, "the endpoint is on as yet");
    sender.deliver_due().await.unwrap();
    assert_eq!(receiver.received().len(), 10);
    assert_eq!(delivery(&shop).await.state, DeliveryState::GivenUp(shop.state.clock.now()));
    let endpoint = shop.state.webhooks.endpoints().await.unwrap().remove(0);
    assert!(endpoint.disabled.is_some_and(|disabled| disabled.note.contains("answered 500")));
    for _ in 0..2 {
        assert_eq!(operator_mails(&shop).await, 1, "the operator hears of it once");
    }

    // Once it is back, the operator switches it on, and has the rest sent.
    receiver.behave(Behaviour::Answer(200));
    let id = endpoint.id.to_string();
    operator::webhooks::enable(&shop.state.webhooks, &id).await.unwrap();
    let event = delivery(&shop).await.event.id.to_string();
    operator::webhooks::replay(&shop.state.webhooks, &event).await.unwrap();
    sender.deliver_due().await.unwrap();
    assert_eq!(delivery(&shop).await.state, DeliveryState::Delivered(shop.state.clock.now()));
}

async fn an_endpoint_that_answers_410_is_switched_off_at_once(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    add(&shop, &receiver).await;
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    receiver.behave(Behaviour::Answer(410));
    let sender = sender(&shop, true);
    sender.deliver_due().await.unwrap();
    kim.buy("credits_1").await;
    shop.clock.advance(SignedDuration::from_hours(100));
    sender.deliver_due().await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    assert_eq!(deliveries(&shop).await.len(), 1, "what happens while it is off is not owed");
    assert_eq!(delivery(&shop).await.state, DeliveryState::Suspended);
    let list = operator::webhooks::endpoints(&shop.state.webhooks).await.unwrap();
    assert!(list.contains("off since ") && list.contains("410 Gone"), "{list}");
    assert_eq!(operator_mails(&shop).await, 1);
}

/// Sends what is owed, and counts what has gone to the operator.
async fn operator_mails(shop: &TestShop) -> usize {
    let settings = shop.settings(&[("OPERATOR_EMAIL", "ops@example.com")]);
    send_due(&lifecycle::mailer(&settings, &shop.state).unwrap()).await;
    let mails = shop.state.mailbox.clone().unwrap().mails();
    let mails: Vec<_> = mails.iter().filter(|mail| mail.to == "ops@example.com").collect();
    for mail in &mails {
        let text = mail.content.text();
        assert!(text.contains("/hooks") && text.contains("server webhooks endpoints enable "), "{text}");
    }
    mails.len()
}

async fn no_redirect_is_followed_and_a_reset_or_a_second_answer_confuses_nobody(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    add(&shop, &receiver).await;
    shop.customer("kim@example.com").await.buy("credits_5").await;
    let sender = sender(&shop, true);
    for (behaviour, pause, noted) in [
        (Behaviour::Redirect(elsewhere.url.clone()), 5, "answered 302 Found; redirects are not followed"),
        (Behaviour::Reset, 300, "error"),
        (Behaviour::Answer(500), 1_800, "answered 500"),
    ] {
        receiver.behave(behaviour.clone());
        sender.deliver_due().await.unwrap();
        let stands = delivery(&shop).await;
        assert!(stands.note.contains(noted), "{behaviour:?}: {}", stands.note);
        assert!(matches!(stands.state, DeliveryState::Due(_)), "{behaviour:?}");
        shop.clock.advance(SignedDuration::from_secs(pause));
    }
    assert_eq!(elsewhere.received().len(), 0);
    receiver.behave(Behaviour::AnswerTwice);
    sender.deliver_due().await.unwrap();
    assert!(matches!(delivery(&shop).await.state, DeliveryState::Delivered(_)), "the first answer counts");
    let before = receiver.received();
    shop.clock.advance(SignedDuration::from_hours(100));
    sender.deliver_due().await.unwrap();
    assert_eq!(receiver.received().len(), before.len());
    let (ids, bodies): (BTreeSet<_>, BTreeSet<_>) =
        before.iter().map(|told| (told.id().to_owned(), told.body.clone())).unzip();
    assert_eq!((ids.len(), bodies.len()), (1, 1), "each attempt says the same");
    let times: BTreeSet<_> = before.iter().map(|told| told.header("webhook-timestamp").to_owned()).collect();
    assert_eq!(times.len(), before.len(), "each is signed at its own time");
}

async fn an_endpoint_that_hangs_delays_no_other(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let (hanging, other) = (Receiver::start().await, Receiver::start().await);
    hanging.behave(Behaviour::Hang);
    add(&shop, &hanging).await;
    add(&shop, &other).await;
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    let sending = sender(&shop, true);
    let began = Instant::now();
    let hung = tokio::spawn(async move { sending.deliver_due().await });
    other.arrived.notified().await;
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    hung.await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(15) && took < Duration::from_secs(30), "{took:?}");
    let all = deliveries(&shop).await;
    let failed: Vec<_> = all.iter().filter(|delivery| !delivery.note.is_empty()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].note, "no answer within 15 s");
}

async fn a_process_that_dies_before_it_notes_the_answer_leaves_the_same_webhook_to_another(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    add(&shop, &receiver).await;
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_5").await;
    receiver.behave(Behaviour::AnswerAfter(Duration::from_millis(200)));
    let dying = sender(&shop, true);
    let task = tokio::spawn(async move { dying.deliver_due().await });
    receiver.arrived.notified().await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());

    kim.buy("credits_1").await;
    receiver.behave(Behaviour::Answer(200));
    let other = sender(&shop, true);
    other.deliver_due().await.unwrap();
    assert_eq!(receiver.received().len(), 2, "the first one is leased, and the second one goes out");
    shop.clock.advance(SignedDuration::from_mins(1));
    other.deliver_due().await.unwrap();
    let requests = receiver.received();
    assert_eq!(requests.len(), 3);
    assert_eq!((requests[0].id(), &requests[0].body), (requests[2].id(), &requests[2].body));
    assert_eq!(requests[2].json()["data"]["balance"], 5, "as it was at the first attempt");
    assert_ne!(requests[0].id(), requests[1].id());
}

async fn several_processes_send_each_webhook_once(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    add(&shop, &receiver).await;
    let kim = shop.customer("kim@example.com").await;
    for _ in 0..8 {
        kim.buy("credits_1").await;
    }
    let processes: Vec<_> = (0..4).map(|_| sender(&shop, true)).collect();
    let rounds = processes.iter().map(WebhookSender::deliver_due);
    for outcome in futures::future::join_all(rounds).await {
        outcome.unwrap();
    }
    let requests = receiver.received();
    let ids: BTreeSet<_> = requests.iter().map(|told| told.id().to_owned()).collect();
    assert_eq!((requests.len(), ids.len()), (8, 8));
    assert_eq!(deliveries(&shop).await.iter().filter(|one| one.attempts == 1).count(), 8);
}

async fn nothing_is_sent_into_an_inner_network(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    let kim = shop.customer("kim@example.com").await;
    let port = receiver.url.rsplit(':').next().unwrap().to_owned();
    for url in [receiver.url.clone(), format!("https://127.0.0.1:{port}"), format!("https://[::1]:{port}")] {
        let refused = operator::webhooks::add(&shop.state.webhooks, &url, Vec::new(), false).await;
        assert!(refusal(refused).contains(" cannot be an endpoint: "), "{url}");
    }
    // A name tells what it is only when it is resolved, and the setting may have changed since the endpoint was added.
    let named = format!("https://localhost:{port}");
    operator::webhooks::add(&shop.state.webhooks, &named, Vec::new(), false).await.unwrap();
    operator::webhooks::add(&shop.state.webhooks, &receiver.url, Vec::new(), true).await.unwrap();
    kim.buy("credits_5").await;
    sender(&shop, false).deliver_due().await.unwrap();
    let notes: Vec<_> = deliveries(&shop).await.into_iter().map(|delivery| delivery.note).collect();
    assert!(notes.iter().any(|note| note.contains("localhost") && note.contains("not a public address")), "{notes:?}");
    assert!(notes.iter().any(|note| note.contains("must begin with https://")), "{notes:?}");
    assert_eq!(receiver.received().len(), 0);
}

async fn what_is_sent_while_a_secret_is_rotated_is_signed_with_both(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    let old = add(&shop, &receiver).await;
    let webhooks = &shop.state.webhooks;
    let id = webhooks.endpoints().await.unwrap()[0].id.to_string();
    let new = operator::webhooks::rotate(webhooks, &id).await.unwrap().secret;
    assert_ne!(old, new.trim());
    let kim = shop.customer("kim@example.com").await;
    kim.buy("credits_1").await;
    let sender = sender(&shop, true);
    sender.deliver_due().await.unwrap();
    let told = receiver.received().remove(0);
    assert!(told.is_signed_with(&old) && told.is_signed_with(&new));
    assert_eq!(told.header("webhook-signature").split(' ').count(), 2);

    shop.clock.advance(SignedDuration::from_hours(24));
    kim.buy("credits_1").await;
    sender.deliver_due().await.unwrap();
    assert_eq!(receiver.received()[1].header("webhook-signature").split(' ').count(), 1, "the old one has ended");
}

async fn a_command_that_changes_nothing_says_so(shop: TestShop) {
    let shop = shop_with_webhooks(&shop);
    let receiver = Receiver::start().await;
    add(&shop, &receiver).await;
    let webhooks = &shop.state.webhooks;
    shop.customer("kim@example.com").await.buy("credits_1").await;
    sender(&shop, true).deliver_due().await.unwrap();
    let id = webhooks.endpoints().await.unwrap()[0].id.to_string();
    let unknown = "0198f2a4-7b1c-7def-8a2b-0123456789ab";
    assert!(refusal(operator::webhooks::enable(webhooks, &id).await).contains("is on already"));
    for wrong in [unknown, "nonsense", ""] {
        assert!(refusal(operator::webhooks::enable(webhooks, wrong).await).contains("no webhook endpoint"));
        assert!(refusal(operator::webhooks::remove(webhooks, wrong).await).contains("no webhook endpoint"));
        assert!(refusal(operator::webhooks::rotate(webhooks, wrong).await).contains("no webhook endpoint"));
        assert!(refusal(operator::webhooks::replay(webhooks, wrong).await).contains("othing was changed"));
    }
    let event = delivery(&shop).await.event.id.to_string();
    assert!(refusal(operator::webhooks::replay(webhooks, &format!("{event}/{unknown}")).await).contains("othing was"));
    let list = operator::webhooks::deliveries(webhooks, false, 9).await.unwrap();
    assert!(list.starts_with(&format!("{event}/{id} ")) && list.contains(" purchase.paid tenant "), "{list}");
    assert_eq!(operator::webhooks::deliveries(webhooks, true, 9).await.unwrap(), "0 deliveries.\n");

    for named in [event.clone(), format!("{event}/{id}")] {
        let told = operator::webhooks::replay(webhooks, &named).await.unwrap();
        assert!(told.starts_with("1 deliveries are due now"), "{told}");
        sender(&shop, true).deliver_due().await.unwrap();
    }
    let ids: BTreeSet<_> = receiver.received().iter().map(|told| told.id().to_owned()).collect();
    assert_eq!((receiver.received().len(), ids.len()), (3, 1), "sent again as it was");
    assert!(operator::webhooks::remove(webhooks, &id).await.unwrap().contains("is removed"));
    assert!(refusal(operator::webhooks::replay(webhooks, &event).await).contains("othing was changed"));
}
