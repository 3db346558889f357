//! A test shop and its clients.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use billing::{clock::Clock, event::StoredEvent, provider::PaymentProvider};
use hmac::{Hmac, Mac};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use server::{
    config::Settings,
    database::{self, Stores},
    lifecycle,
    mock::MockProvider,
    router::{admin, router},
    state::AppState,
    system::SystemClock,
    worker::Worker,
};
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const ORIGIN: &str = "http://127.0.0.1:3000";
pub const WEBHOOK_SECRET: &str = "whsec_test";
pub const PASSWORD: &str = "correct horse battery";

/// The machine's clock, until it is stopped.
#[derive(Clone, Default)]
pub struct TestClock(Arc<Mutex<Option<Timestamp>>>);

impl TestClock {
    pub fn stop(&self) {
        let now = self.now();
        *self.0.lock().unwrap() = Some(now);
    }

    pub fn advance(&self, by: SignedDuration) {
        let later = self.now() + by;
        *self.0.lock().unwrap() = Some(later);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().unwrap_or_else(|| SystemClock.now())
    }
}

/// A shop on a database of its own.
#[derive(Clone)]
pub struct TestShop {
    pub state: AppState,
    pub router: Router,
    pub clock: TestClock,
    url: String,
    pub stores: Stores,
}

impl TestShop {
    /// In mock mode, with a webhook secret.
    pub async fn open(url: &str) -> Self {
        if let Ok(filter) = std::env::var("RUST_LOG") {
            server::telemetry::start_logging(server::telemetry::LogFormat::Text, &filter);
        }
        let settings = settings(url, &[]);
        let stores = database::open_to_serve(&settings).await.unwrap();
        let provider = Arc::new(MockProvider::new(ORIGIN.parse().unwrap()));
        lifecycle::keep_consent_texts(&settings, stores.store.as_ref()).await.unwrap();
        Self::build(url, settings, stores, provider)
    }

    /// A shop with other settings on the same database.
    pub fn with_settings(&self, changes: &[(&str, &str)]) -> Self {
        let settings = settings(&self.url, changes);
        let provider = Arc::new(MockProvider::new(ORIGIN.parse().unwrap()));
        Self::build(&self.url, settings, self.stores.clone(), provider)
    }

    /// The shop's worker, whose jobs a test runs itself.
    pub fn worker(&self) -> Worker {
        Worker {
            billing: self.state.shop.billing.clone(),
            accounts: self.state.accounts.clone(),
            asks_provider: false,
            issuer: self.state.shop.settings.issuer.clone(),
        }
    }

    /// The settings of this shop, changed.
    pub fn settings(&self, changes: &[(&str, &str)]) -> Settings {
        settings(&self.url, changes)
    }

    /// A shop with another provider on the same database.
    pub fn with_provider(&self, provider: impl PaymentProvider + 'static) -> Self {
        Self::build(&self.url, settings(&self.url, &[]), self.stores.clone(), Arc::new(provider))
    }

    fn build(url: &str, settings: Settings, stores: Stores, provider: Arc<dyn PaymentProvider>) -> Self {
        let public_url = settings.public_url.clone().unwrap_or_else(|| ORIGIN.parse().unwrap());
        let clock = TestClock::default();
        let state = lifecycle::assemble(
            &settings,
            public_url,
            stores.clone(),
            provider,
            Arc::new(clock.clone()),
            CancellationToken::new(),
        );
        Self { router: router(&state), state, clock, url: url.to_owned(), stores }
    }

    /// A client that is not signed in.
    pub fn visitor(&self) -> Client {
        Client { shop: self.clone(), cookies: Arc::default() }
    }

    /// Sends a request to the admin listener.
    pub async fn ask_admin(&self, path: &str, peer: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path).extension(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = admin(&self.state).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        Answer::read(response).await
    }

    /// A client that has just signed up.
    pub async fn customer(&self, email: &str) -> Client {
        let visitor = self.visitor();
        let answer = visitor.post("/auth/accounts", &json!({"email": email, "password": PASSWORD})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        visitor
    }

    /// Sends a signed notification.
    pub async fn notify(&self, event: &Value) -> Answer {
        let payload = event.to_string();
        let signature = sign(WEBHOOK_SECRET, self.state.clock.now().as_second(), payload.as_bytes());
        self.notify_signed(payload.into_bytes(), &signature).await
    }

    /// Runs the worker's job for stored events until none is due.
    pub async fn work_off_events(&self) {
        let read = |stored: &StoredEvent| server::stripe::event::read(&stored.payload);
        for _ in 0..8 {
            self.clock.advance(SignedDuration::from_hours(6));
            self.state.shop.billing.retry_events(&read, 1_000).await.unwrap();
        }
    }

    /// Sends a notification with the given signature.
    pub async fn notify_signed(&self, payload: Vec<u8>, signature: &str) -> Answer {
        let request = Request::post("/billing/webhook")
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .header("Stripe-Signature", signature)
            .body(Body::from(payload));
        self.visitor().send(request.unwrap()).await
    }
}

fn settings(url: &str, changes: &[(&str, &str)]) -> Settings {
    let lookup = |name: &str| {
        let wanted = changes.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        wanted.or_else(|| match name {
            "DATABASE_URL" => Some(url.to_owned()),
            "PUBLIC_URL" => Some(ORIGIN.to_owned()),
            "STRIPE_WEBHOOK_SECRET" => Some(WEBHOOK_SECRET.to_owned()),
            // Tests order faster than buyers.
            "OPEN_PURCHASES_MAX" | "ORDERS_PER_MINUTE_MAX" => Some("1000000".to_owned()),
            _ => None,
        })
    };
    Settings::read(lookup).unwrap()
}

/// The `Stripe-Signature` header for a payload.
pub fn sign(secret: &str, time: i64, payload: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{time}.").as_bytes());
    mac.update(payload);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

/// A client that keeps cookies, like a browser.
#[derive(Clone)]
pub struct Client {
    pub shop: TestShop,
    pub cookies: Arc<Mutex<Vec<(String, String)>>>,
}

impl Client {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Request::delete(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_with(path, &[], body).await
    }

    pub async fn post_with(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let mut request = Request::post(path).header(header::CONTENT_TYPE, "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).unwrap()).await
    }

    pub async fn form(&self, path: &str, body: &str) -> Answer {
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "text/html,*/*")
            .body(Body::from(body.to_owned()));
        self.send(request.unwrap()).await
    }

    /// Orders a product. Returns the answer's body.
    pub async fn order(&self, product: &str) -> Value {
        let answer = self.post("/billing/checkout/session", &json!({"product_id": product})).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        answer.json()
    }

    /// Orders a product and pays.
    pub async fn buy(&self, product: &str) -> Value {
        let order = self.order(product).await;
        let answer = self.post("/billing/checkout/complete", &json!({"session_id": order["session_id"]})).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.json()["purchase"].clone()
    }

    pub async fn credits(&self) -> i64 {
        self.get("/billing/balance").await.json()["credits"].as_i64().unwrap()
    }

    pub async fn purchases(&self) -> Vec<Value> {
        self.get("/billing/purchases?limit=100").await.json()["items"].as_array().unwrap().clone()
    }

    /// Sends a request. Returns the whole answer, and asserts that the `OpenAPI` document describes it.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.start(request).await;
        let answer = Answer::read(response).await;
        crate::openapi::assert_promised(&self.shop.state, &method, &path, &answer);
        answer
    }

    /// Sends a request. Returns the answer with its body unread.
    pub async fn start(&self, mut request: Request<Body>) -> axum::response::Response {
        let cookies = self.cookie_header();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.parse().unwrap());
        }
        let peer = SocketAddr::from(([127, 0, 0, 1], 40_000));
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        let response = self.shop.router.clone().oneshot(request).await.unwrap();
        for cookie in response.headers().get_all(header::SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        response
    }

    pub fn cookie_header(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, set_cookie: &str) {
        let (name, value) = set_cookie.split(';').next().unwrap().split_once('=').unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        if !set_cookie.contains("Max-Age=0") {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// An answer with its body.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    async fn read(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Asserts that the answer is this problem document.
    #[track_caller]
    pub fn assert_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["code"], code);
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
        assert_eq!(self.header("cache-control"), "no-store");
    }
}

/// A request without a body.
pub fn bare(method: Method, path: &str) -> Request<Body> {
    Request::builder().method(method).uri(path).body(Body::empty()).unwrap()
}
