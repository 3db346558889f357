//! Payments with refunds and disputes, and the list of events.

use billing::{
    provider::{PaymentProvider, PaymentRecord, ProviderError},
    reversal::{DisputeSnapshot, DisputeState, RefundSnapshot, RefundState, Snapshot},
};
use serde_json::json;
use wiremock::{
    Mock, MockServer,
    matchers::{method, path, query_param, query_param_is_missing},
};

use super::*;

fn payment() -> Value {
    let purchase = purchase();
    json!({
        "id": "pi_1", "object": "payment_intent", "livemode": false, "amount_received": 699,
        "metadata": {"purchase_id": purchase.id.to_string(), "tenant_id": purchase.tenant_id.to_string()},
    })
}

fn list(data: &[Value], has_more: bool) -> ResponseTemplate {
    ok(&json!({"object": "list", "url": "/v1/a", "has_more": has_more, "data": data}))
}

fn refund(id: &str, created: i64, amount: i64, status: &str) -> Value {
    json!({"id": id, "object": "refund", "created": created, "amount": amount, "status": status})
}

fn refund_snapshot(id: &str, amount: i64, state: RefundState) -> Snapshot {
    let made_at = Some(if id == "re_1" { 100 } else { 300 });
    Snapshot::Refund(RefundSnapshot { provider_ref: id.to_owned(), amount, state, made_at })
}

fn dispute_snapshot(id: &str, state: DisputeState) -> Snapshot {
    let made_at = Some(if id == "du_1" { 200 } else { 400 });
    Snapshot::Dispute(DisputeSnapshot { made_at, ..DisputeSnapshot::new(id.to_owned(), 699, state) })
}

async fn get(server: &MockServer, at: &str, answer: ResponseTemplate) {
    Mock::given(method("GET")).and(path(at)).respond_with(answer).mount(server).await;
}

/// A server with a payment, two refunds on two pages, and two disputes.
async fn books() -> MockServer {
    let server = MockServer::start().await;
    get(&server, "/v1/payment_intents/pi_1", ok(&payment())).await;
    let refunds = || Mock::given(method("GET")).and(path("/v1/refunds")).and(query_param("payment_intent", "pi_1"));
    refunds()
        .and(query_param_is_missing("starting_after"))
        .respond_with(list(&[refund("re_2", 300, 200, "pending")], true))
        .mount(&server)
        .await;
    refunds()
        .and(query_param("starting_after", "re_2"))
        .respond_with(list(&[refund("re_1", 100, 140, "failed")], false))
        .mount(&server)
        .await;
    let disputes = [
        json!({"id": "du_2", "created": 400, "amount": 699, "status": "warning_needs_response"}),
        json!({"id": "du_1", "created": 200, "amount": 699, "status": "won"}),
    ];
    get(&server, "/v1/disputes", list(&disputes, false)).await;
    server
}

fn everything_that_went_back() -> PaymentRecord {
    PaymentRecord {
        payment_ref: "pi_1".to_owned(),
        livemode: false,
        purchase_id: Some(purchase().id),
        tenant_id: Some(purchase().tenant_id),
        observed_at: asked_at(),
        snapshots: vec![
            refund_snapshot("re_1", 140, RefundState::Failed),
            dispute_snapshot("du_1", DisputeState::Reinstated),
            refund_snapshot("re_2", 200, RefundState::Standing),
            dispute_snapshot("du_2", DisputeState::Inquiry),
        ],
        unreadable: None,
    }
}

#[tokio::test]
async fn a_payment_comes_with_every_page_of_what_went_back_oldest_first() {
    let server = books().await;

    let record = provider(&server).retrieve_payment("pi_1").await.unwrap();

    assert_eq!(record, Some(everything_that_went_back()));
    for sent in requests(&server).await.iter().filter(|sent| sent.url.path() != "/v1/payment_intents/pi_1") {
        let asked = query(sent);
        assert_eq!((asked["limit"].as_str(), asked["payment_intent"].as_str()), ("100", "pi_1"), "{asked:?}");
    }
}

#[tokio::test]
async fn a_payment_is_found_by_its_charge() {
    let server = books().await;
    let charge = json!({"id": "ch_1", "livemode": false, "payment_intent": "pi_1", "metadata": {}});
    get(&server, "/v1/charges/ch_1", ok(&charge)).await;

    let record = provider(&server).retrieve_payment("ch_1").await.unwrap();

    assert_eq!(record, Some(everything_that_went_back()));
}

#[tokio::test]
async fn a_charge_of_another_system_is_no_purchase_of_ours() {
    let server = MockServer::start().await;
    get(&server, "/v1/charges/py_1", ok(&json!({"id": "py_1", "livemode": false, "payment_intent": null}))).await;

    let record = provider(&server).retrieve_payment("py_1").await.unwrap().unwrap();

    assert_eq!((record.purchase_id, record.snapshots), (None, Vec::new()));
}

#[tokio::test]
async fn a_payment_that_stripe_does_not_have_is_none() {
    let server = MockServer::start().await;
    let missing = stripe_error(404, "invalid_request_error", "resource_missing");
    for at in ["/v1/payment_intents/pi_2", "/v1/charges/ch_2"] {
        get(&server, at, missing.clone()).await;
    }
    let provider = provider(&server);

    for reference in ["pi_2", "ch_2", "", "pi_1/../x"] {
        assert_eq!(provider.retrieve_payment(reference).await.unwrap(), None, "{reference}");
    }
    assert_eq!(requests(&server).await.len(), 2, "what is no id is not asked for");
}

/// The owner is needed to decide whether an error matters.
#[tokio::test]
async fn a_payment_tells_whose_it_is_even_where_its_books_cannot_be_read() {
    let mut foreign = payment();
    foreign["metadata"] = json!({});
    foreign["livemode"] = json!("odd");
    for (payment, refunds, purchase_id, said) in [
        (payment(), vec![json!({"id": "re_1"})], Some(purchase().id), "a refund without a usable `amount`"),
        (foreign, Vec::new(), None, "a payment without a usable `livemode`"),
    ] {
        let server = MockServer::start().await;
        get(&server, "/v1/payment_intents/pi_1", ok(&payment)).await;
        get(&server, "/v1/disputes", list(&[], false)).await;
        get(&server, "/v1/refunds", list(&refunds, false)).await;

        let record = provider(&server).retrieve_payment("pi_1").await.unwrap().unwrap();

        assert_eq!((record.purchase_id, record.unreadable.as_deref()), (purchase_id, Some(said)));
        assert!(matches!(record.readable(), Err(ProviderError::Unreadable { .. })));
    }
}

/// An incomplete list would give wrong sums.
#[tokio::test]
async fn a_list_that_cannot_be_read_to_its_end_is_no_answer() {
    let unreadable_refund = json!({"id": "re_1", "status": "succeeded"});
    for (why, refunds) in [
        ("a refund without amount", list(&[unreadable_refund], false)),
        ("more after nothing", list(&[], true)),
        ("no list", ok(&json!({"object": "list"}))),
        ("no end", list(&[refund("re_1", 1, 1, "succeeded")], true)),
        ("out of order", stripe_error(500, "api_error", "oops")),
        ("not there", stripe_error(404, "invalid_request_error", "resource_missing")),
    ] {
        let server = MockServer::start().await;
        get(&server, "/v1/payment_intents/pi_1", ok(&payment())).await;
        get(&server, "/v1/disputes", list(&[], false)).await;
        get(&server, "/v1/refunds", refunds).await;

        let record = provider(&server).retrieve_payment("pi_1").await;
        let record = record.and_then(|record| record.map(PaymentRecord::readable).transpose());

        assert!(record.is_err(), "{why}: {record:?}");
    }
}

#[tokio::test]
async fn events_are_asked_for_by_instant_and_type_and_given_oldest_first() {
    let server = MockServer::start().await;
    let event = |id: &str| json!({"id": id, "type": "charge.refunded", "data": {"object": {"id": "ch_1"}}});
    get(&server, "/v1/events", list(&[event("evt_3"), event("evt_2")], true)).await;
    let since = "2026-11-21T08:30:00.9Z".parse().unwrap();

    let page = provider(&server).events_since(since, Some("evt_4")).await.unwrap();

    let ids: Vec<&str> = page.events.iter().map(|event| event.provider_event_id.as_str()).collect();
    assert_eq!(ids, ["evt_2", "evt_3"]);
    assert_eq!(page.next_page.as_deref(), Some("evt_2"));
    let payload: Value = serde_json::from_slice(&page.events[0].payload).unwrap();
    assert_eq!(payload, event("evt_2"), "kept whole");
    let mut asked = query(&requests(&server).await[0]);
    let types: Vec<String> = (0..13).map(|at| asked.remove(&format!("types[{at}]")).unwrap()).collect();
    assert_eq!(types, crate::stripe::event::EVENT_TYPES);
    assert_eq!(asked, fields(&[("created[gte]", "1795249800"), ("limit", "100"), ("starting_after", "evt_4")]));
}

#[tokio::test]
async fn the_last_page_of_events_says_so() {
    let server = MockServer::start().await;
    get(&server, "/v1/events", list(&[], false)).await;

    let page = provider(&server).events_since(ordered_at(), None).await.unwrap();

    assert_eq!((page.events.len(), page.next_page), (0, None));
    assert!(!query(&requests(&server).await[0]).contains_key("starting_after"));
}

#[tokio::test]
async fn a_list_of_events_that_cannot_be_read_is_not_taken_for_empty() {
    let server = MockServer::start().await;
    get(&server, "/v1/events", ok(&json!({"object": "list", "has_more": false}))).await;

    let page = provider(&server).events_since(ordered_at(), None).await;

    assert!(matches!(page, Err(ProviderError::Unreadable { .. })), "{page:?}");
}
