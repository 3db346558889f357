//! The Stripe double, in a process of its own that is never killed.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use server::stripe::event::EVENT_TYPES;

use crate::shop::KEY;

/// A running double.
pub struct Double {
    process: Child,
    pub url: String,
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
}

impl Drop for Double {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Double {
    /// Starts one, without webhooks.
    pub fn start() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../end2end/stripe-double");
        let mut command = Command::new("node");
        command.arg("server.mjs").args(["--port", "0"]).current_dir(folder);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("node runs");
        let mut first = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.expect("the double starts; its packages come by: npm ci --prefix end2end/stripe-double");
        Self { process, url: url.to_owned(), client: Client::builder(TokioExecutor::new()).build_http() }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("authorization", format!("Bearer {KEY}"))
            .body(Full::from(if body.is_null() { String::new() } else { body.to_string() }))
            .unwrap();
        let answer = self.client.request(request).await.unwrap();
        let (head, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        assert!(head.status.is_success(), "{method} {path}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Calls the double's control API.
    pub async fn control(&self, path: &str, body: Value) -> Value {
        self.ask("POST", &format!("/_{path}"), &body).await
    }

    /// Resets the double.
    pub async fn reset(&self) {
        self.control("/reset", json!({})).await;
    }

    /// Advances the double's clock.
    pub async fn wait(&self, time: SignedDuration) {
        if time.is_positive() {
            self.control("/clock", json!({"advance_seconds": time.as_secs()})).await;
        }
    }

    /// Sets the webhook endpoint for notifications from now on.
    pub async fn set_webhook(&self, webhook_url: &str, secret: &str) {
        self.ask("PUT", "/_/webhooks", &json!({"endpoints": [{"url": webhook_url, "secret": secret}]})).await;
    }

    /// Waits until all notifications have arrived.
    pub async fn idle(&self) {
        let answer = self.ask("GET", "/_/idle?timeout_ms=30000", &Value::Null).await;
        assert_eq!(answer["idle"], true, "{answer}");
    }

    /// All sessions, with the amounts received, refunded and disputed.
    pub async fn books(&self) -> Vec<Value> {
        let mut books = self.ask("GET", "/_/books", &Value::Null).await;
        serde_json::from_value(books["sessions"].take()).unwrap()
    }

    /// The notifications of types that the shop acts on, oldest first.
    pub async fn events(&self) -> Vec<Value> {
        let mut list = self.ask("GET", "/v1/events?limit=100", &Value::Null).await;
        let mut events: Vec<Value> = serde_json::from_value(list["data"].take()).unwrap();
        events.retain(|event| EVENT_TYPES.iter().any(|kind| event["type"] == *kind));
        events.reverse();
        events
    }

    /// The newest notification of a type.
    pub async fn event(&self, kind: &str) -> String {
        let events = self.events().await;
        events.iter().rfind(|event| event["type"] == kind).unwrap_or_else(|| panic!("no {kind}")).to_string()
    }
}
