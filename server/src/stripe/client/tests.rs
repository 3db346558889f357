//! Tests the client against a server that answers like Stripe, or like a proxy in between.

mod books;
mod faults;
mod odd;
mod sessions;
mod settings;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use billing::{
    catalog::Product,
    clock::{Clock, Entropy},
    ids::{PurchaseId, TenantId, UserId},
    locale::Locale,
    purchase::{Checkout, Item, Pending, Purchase, State},
    reversal::Reversals,
};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;
use wiremock::{MockServer, Request, ResponseTemplate};

use super::{StripeProvider, StripeSettings, call::RetryPolicy};

const KEY: &str = "sk_test_the_secret";
const EMAIL: &str = "kim+shop@example.com";
const ORDERED: &str = "2026-11-22T12:00:00Z";

/// Retries quickly, with timeouts that suit a slow machine.
const QUICK: RetryPolicy = RetryPolicy {
    operation_time_max: Duration::from_secs(5),
    attempt_time_max: Duration::from_secs(2),
    attempts_max: 4,
    first_backoff_max: Duration::from_millis(4),
};

struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

struct Same;

impl Entropy for Same {
    fn bytes(&self) -> [u8; 10] {
        [0x7f; 10]
    }
}

fn ordered_at() -> Timestamp {
    ORDERED.parse().unwrap()
}

fn purchase() -> Purchase {
    let at = ordered_at();
    Purchase {
        id: PurchaseId::new(at, &Same),
        tenant_id: TenantId::new(at, &Same),
        ordered_by: UserId::new(at, &Same),
        order_key: None,
        item: Item::from(Product::find("credits_5").unwrap()),
        locale: Locale::De,
        consent: None,
        checkout: None,
        payment_ref: None,
        reversals: Reversals::default(),
        receipt_number: None,
        state: State::Pending(Pending),
        created_at: at,
        updated_at: at,
        version: 1,
    }
}

fn opened() -> Purchase {
    let url = "https://checkout.test/c/cs_test_1".to_owned();
    Purchase { checkout: Some(Checkout { provider_ref: "cs_test_1".to_owned(), url }), ..purchase() }
}

fn settings(base: &str) -> StripeSettings {
    StripeSettings {
        secret_key: SecretString::from(KEY),
        api_base: Some(base.parse().unwrap()),
        public_url: "https://shop.example/".parse().unwrap(),
        retry_policy: QUICK,
    }
}

/// The time of the calls: some minutes after the order.
fn asked_at() -> Timestamp {
    ordered_at() + jiff::SignedDuration::from_mins(7)
}

/// A provider some minutes after the order, with the given retry policy.
fn patient(base: &str, retry_policy: RetryPolicy) -> StripeProvider {
    provider_at(&StripeSettings { retry_policy, ..settings(base) }, asked_at())
}

fn provider(server: &MockServer) -> StripeProvider {
    patient(&server.uri(), QUICK)
}

fn provider_at(settings: &StripeSettings, now: Timestamp) -> StripeProvider {
    StripeProvider::new(settings, Arc::new(At(now)), Arc::new(Same)).unwrap()
}

/// A checkout session as Stripe gives it, with changes.
fn session(changes: &Value) -> Value {
    let purchase = purchase();
    let mut object = json!({
        "id": "cs_test_1", "object": "checkout.session", "mode": "payment", "status": "open",
        "payment_status": "unpaid", "amount_total": 699, "currency": "eur", "livemode": false,
        "client_reference_id": purchase.id.to_string(), "payment_intent": null,
        "url": "https://checkout.test/c/cs_test_1", "metadata": {"purchase_id": purchase.id.to_string()},
    });
    for (member, value) in changes.as_object().unwrap() {
        object[member] = value.clone();
    }
    object
}

fn ok(object: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(object)
}

/// An error object of Stripe's. Its message quotes the buyer, as Stripe's messages can.
fn stripe_error(status: u16, kind: &str, code: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).insert_header("request-id", "req_1").set_body_json(json!({"error": {
        "type": kind, "code": code, "param": "line_items[0][price_data]",
        "message": format!("Something about {EMAIL} and {KEY}"),
    }}))
}

async fn requests(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(|value| value.to_str().unwrap())
}

fn form(request: &Request) -> BTreeMap<String, String> {
    pairs(url::form_urlencoded::parse(&request.body))
}

fn query(request: &Request) -> BTreeMap<String, String> {
    pairs(request.url.query_pairs())
}

fn pairs(parsed: url::form_urlencoded::Parse<'_>) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    for (name, value) in parsed.into_owned() {
        assert_eq!(fields.insert(name, value), None, "a field twice");
    }
    fields
}

fn fields(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn base_of(address: std::net::SocketAddr) -> Url {
    format!("http://{address}").parse().unwrap()
}
