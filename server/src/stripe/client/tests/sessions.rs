//! Opening, retrieving and expiring checkout sessions.

use billing::provider::{CheckoutSession, PaymentProvider, PaymentStatus, ProviderError, SessionStatus};
use jiff::SignedDuration;
use serde_json::json;
use wiremock::{
    Mock, MockServer,
    matchers::{method, path},
};

use super::*;

async fn opening(server: &MockServer) {
    let create = Mock::given(method("POST")).and(path("/v1/checkout/sessions"));
    create.respond_with(ok(&session(&json!({})))).mount(server).await;
}

fn at_stripe(verb: &str, suffix: &str) -> wiremock::MockBuilder {
    Mock::given(method(verb)).and(path(format!("/v1/checkout/sessions/cs_test_1{suffix}")))
}

#[tokio::test]
async fn a_session_is_opened_for_what_was_ordered_and_nothing_else() {
    let server = MockServer::start().await;
    opening(&server).await;
    let purchase = Purchase { consent: Some("v1".parse().unwrap()), ..purchase() };
    let (id, tenant) = (purchase.id.to_string(), purchase.tenant_id.to_string());

    let session = provider(&server).create_checkout(&purchase, EMAIL).await.unwrap();

    assert_eq!(
        session,
        CheckoutSession {
            provider_ref: "cs_test_1".to_owned(),
            purchase_id: Some(purchase.id),
            tenant_id: None,
            url: Some("https://checkout.test/c/cs_test_1".to_owned()),
            status: SessionStatus::Open,
            payment: PaymentStatus::Unpaid,
            amount_total: Some(699),
            currency: Some("eur".to_owned()),
            livemode: false,
            payment_ref: None,
        }
    );
    let sent = &requests(&server).await[0];
    let expected = fields(&[
        ("mode", "payment"),
        ("submit_type", "pay"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "699"),
        ("line_items[0][price_data][product_data][name]", "5 Credits"),
        ("adaptive_pricing[enabled]", "false"),
        ("client_reference_id", &id),
        ("metadata[purchase_id]", &id),
        ("metadata[tenant_id]", &tenant),
        ("metadata[ordered_by]", &purchase.ordered_by.to_string()),
        ("metadata[product_id]", "credits_5"),
        ("metadata[credits]", "5"),
        ("metadata[amount_cents]", "699"),
        ("metadata[consent]", "v1"),
        ("payment_intent_data[metadata][purchase_id]", &id),
        ("payment_intent_data[metadata][tenant_id]", &tenant),
        ("customer_email", EMAIL),
        ("locale", "de"),
        ("success_url", "https://shop.example/checkout/success?session_id={CHECKOUT_SESSION_ID}"),
        ("cancel_url", &format!("https://shop.example/checkout/cancel?purchase_id={id}")),
        // 23 hours after the order.
        ("expires_at", "1795431600"),
    ]);
    assert_eq!(form(sent), expected);
    assert_eq!(header(sent, "authorization"), Some("Bearer sk_test_the_secret"));
    assert_eq!(header(sent, "idempotency-key"), Some(format!("purchase-{id}").as_str()));
    assert_eq!(header(sent, "stripe-version"), Some("2026-09-30.endive"));
    assert_eq!(header(sent, "content-type"), Some("application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn the_buyer_reads_the_page_in_their_language_and_pays_the_price_of_the_day_of_the_order() {
    let server = MockServer::start().await;
    opening(&server).await;
    let mut purchase = Purchase { locale: Locale::En, ..purchase() };
    purchase.item.name = "5 Credits & more".to_owned();
    purchase.item.price.cents = 701;

    provider(&server).create_checkout(&purchase, EMAIL).await.unwrap();

    let sent = form(&requests(&server).await[0]);
    assert_eq!(sent["locale"], "en");
    assert_eq!(sent["line_items[0][price_data][unit_amount]"], "701");
    assert_eq!(sent["line_items[0][price_data][product_data][name]"], "5 Credits & more");
}

/// Stripe refuses the same key with other parameters.
#[tokio::test]
async fn opening_again_hours_later_is_the_same_request_to_the_byte() {
    let server = MockServer::start().await;
    opening(&server).await;
    let purchase = purchase();

    for hours in 0..10 {
        let now = ordered_at() + SignedDuration::from_hours(hours);
        let provider = provider_at(&settings(&server.uri()), now);
        provider.create_checkout(&purchase, EMAIL).await.unwrap();
    }

    let sent = requests(&server).await;
    assert_eq!(sent.len(), 10);
    for repeated in &sent[1..] {
        assert_eq!(String::from_utf8_lossy(&repeated.body), String::from_utf8_lossy(&sent[0].body));
        assert_eq!(header(repeated, "idempotency-key"), header(&sent[0], "idempotency-key"));
    }
}

/// Stripe drops the key after a day, and requires half an hour between the call and the session's end.
#[tokio::test]
async fn an_order_of_yesterday_is_not_opened_again() {
    let server = MockServer::start().await;
    opening(&server).await;
    let opens = async |now: SignedDuration| {
        let provider = provider_at(&settings(&server.uri()), ordered_at() + now);
        provider.create_checkout(&purchase(), EMAIL).await
    };

    assert!(opens(SignedDuration::from_hours(22)).await.is_ok());
    let refused = opens(SignedDuration::from_hours(22) + SignedDuration::from_secs(1)).await;

    assert!(matches!(refused, Err(ProviderError::Rejected { .. })), "{refused:?}");
    assert_eq!(requests(&server).await.len(), 1, "the second never reached Stripe");
}

#[tokio::test]
async fn a_session_that_nobody_can_be_sent_to_is_not_taken_for_opened() {
    let server = MockServer::start().await;
    let create = Mock::given(method("POST")).and(path("/v1/checkout/sessions"));
    create.respond_with(ok(&session(&json!({"url": null})))).mount(&server).await;

    let answered = provider(&server).create_checkout(&purchase(), EMAIL).await;

    assert!(matches!(answered, Err(ProviderError::Unreadable { .. })), "{answered:?}");
}

#[tokio::test]
async fn a_session_is_retrieved_with_its_payment() {
    let server = MockServer::start().await;
    let paid = session(&json!({
        "status": "complete", "payment_status": "paid", "url": null,
        "payment_intent": {"id": "pi_1", "object": "payment_intent", "status": "succeeded"},
    }));
    at_stripe("GET", "").respond_with(ok(&paid)).mount(&server).await;

    let found = provider(&server).retrieve_checkout(&opened()).await.unwrap().unwrap();

    assert_eq!((found.status, found.payment), (SessionStatus::Complete, PaymentStatus::Paid));
    assert_eq!(found.payment_ref.as_deref(), Some("pi_1"));
    let sent = &requests(&server).await[0];
    assert_eq!(query(sent), fields(&[("expand[0]", "payment_intent")]));
    assert_eq!(header(sent, "idempotency-key"), None);
    assert_eq!(header(sent, "stripe-version"), Some("2026-09-30.endive"));
}

#[tokio::test]
async fn a_purchase_without_session_has_none_to_retrieve_or_expire() {
    let server = MockServer::start().await;
    let provider = provider(&server);
    let mut odd = opened();
    odd.checkout.as_mut().unwrap().provider_ref = "cs_1/../../charges?x=".to_owned();

    for purchase in [purchase(), odd] {
        assert_eq!(provider.retrieve_checkout(&purchase).await.unwrap(), None);
        assert_eq!(provider.expire_checkout(&purchase).await.unwrap(), None);
    }

    assert_eq!(requests(&server).await.len(), 0);
}

#[tokio::test]
async fn a_session_that_stripe_does_not_have_is_none() {
    let server = MockServer::start().await;
    let missing = stripe_error(404, "invalid_request_error", "resource_missing");
    at_stripe("GET", "").respond_with(missing.clone()).mount(&server).await;
    at_stripe("POST", "/expire").respond_with(missing).mount(&server).await;
    let provider = provider(&server);

    assert_eq!(provider.retrieve_checkout(&opened()).await.unwrap(), None);
    assert_eq!(provider.expire_checkout(&opened()).await.unwrap(), None);
}

#[tokio::test]
async fn an_open_session_is_expired() {
    let server = MockServer::start().await;
    let expired = session(&json!({"status": "expired", "url": null}));
    at_stripe("POST", "/expire").respond_with(ok(&expired)).mount(&server).await;

    let found = provider(&server).expire_checkout(&opened()).await.unwrap().unwrap();

    assert_eq!(found.status, SessionStatus::Expired);
    assert_eq!(header(&requests(&server).await[0], "content-length"), Some("0"));
}

#[tokio::test]
async fn a_session_that_was_paid_before_it_could_be_expired_comes_back_paid() {
    let server = MockServer::start().await;
    let paid = session(&json!({"status": "complete", "payment_status": "paid", "payment_intent": "pi_1"}));
    at_stripe("POST", "/expire")
        .respond_with(stripe_error(400, "invalid_request_error", "checkout_session_not_open"))
        .mount(&server)
        .await;
    at_stripe("GET", "").respond_with(ok(&paid)).mount(&server).await;

    let found = provider(&server).expire_checkout(&opened()).await.unwrap().unwrap();

    assert_eq!((found.status, found.payment), (SessionStatus::Complete, PaymentStatus::Paid));
}

#[tokio::test]
async fn a_session_that_stays_open_was_not_expired() {
    let server = MockServer::start().await;
    at_stripe("POST", "/expire")
        .respond_with(stripe_error(403, "invalid_request_error", "more_permissions_required"))
        .mount(&server)
        .await;
    at_stripe("GET", "").respond_with(ok(&session(&json!({})))).mount(&server).await;

    let found = provider(&server).expire_checkout(&opened()).await;

    assert!(matches!(found, Err(ProviderError::AccessDenied { .. })), "{found:?}");
}

/// Reads back the metadata that the shop wrote on the session. Amounts charged are taken from Stripe's own fields.
#[tokio::test]
async fn a_sale_is_retrieved_by_its_session_or_by_its_payment() {
    let server = MockServer::start().await;
    let purchase = purchase();
    let paid = session(&json!({
        "status": "complete", "payment_status": "paid", "payment_intent": "pi_1", "created": 1_795_348_800,
        "customer_email": null, "customer_details": {"email": EMAIL}, "locale": "en",
        "metadata": {
            "purchase_id": purchase.id.to_string(), "tenant_id": purchase.tenant_id.to_string(),
            "ordered_by": purchase.ordered_by.to_string(), "product_id": "credits_5", "credits": "5", "consent": "v1",
        },
    }));
    at_stripe("GET", "").respond_with(ok(&paid)).mount(&server).await;
    let list = json!({"object": "list", "data": [paid], "has_more": false});
    Mock::given(method("GET")).and(path("/v1/checkout/sessions")).respond_with(ok(&list)).mount(&server).await;
    let provider = provider(&server);

    let sale = provider.retrieve_sale("cs_test_1").await.unwrap().unwrap();

    assert_eq!((sale.session.tenant_id, sale.session.purchase_id), (Some(purchase.tenant_id), Some(purchase.id)));
    assert_eq!((sale.session.amount_total, sale.session.payment), (Some(699), PaymentStatus::Paid));
    assert_eq!((sale.ordered_by, sale.product_id.as_deref()), (Some(purchase.ordered_by), Some("credits_5")));
    assert_eq!((sale.credits.map(|credits| credits.0), sale.locale), (Some(5), Some(Locale::En)));
    assert_eq!((sale.buyer_email.as_deref(), sale.consent), (Some(EMAIL), "v1".parse().ok()));
    assert_eq!(sale.created_at, ordered_at());
    let by_payment = provider.retrieve_sale("pi_1").await.unwrap().unwrap();
    assert_eq!(by_payment.session, sale.session);
    assert_eq!(query(&requests(&server).await[1]), fields(&[("payment_intent", "pi_1"), ("limit", "1")]));
    assert_eq!(provider.retrieve_sale("../charges").await.unwrap(), None);
}
