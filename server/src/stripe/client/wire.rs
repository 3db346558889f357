//! One HTTP request to Stripe.
//!
//! Uses async-stripe's request types but not its HTTP client, which hides the header `Retry-After`, loses the status of
//! an error whose body is not Stripe's JSON (a proxy's 502), and opens a connection for every call. Answers are parsed
//! from the raw JSON, so async-stripe's object types are not needed either.

use std::time::Duration;

use http::{
    HeaderMap, HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, InvalidHeaderValue, RETRY_AFTER, USER_AGENT},
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use secrecy::{ExposeSecret, SecretString};
use stripe_client_core::{RequestBuilder, StripeMethod};
use tokio_util::bytes::Bytes;

/// The version of Stripe's API for requests and answers: the one that the request types were generated from. The
/// webhook endpoint at Stripe should have the same.
pub const API_VERSION: &str = "2026-09-30.endive";

const USER_AGENT_TEXT: &str = concat!("iza-credits/", env!("CARGO_PKG_VERSION"));
/// The timeout of a connection attempt.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(4);
/// When an idle connection is closed: earlier than Stripe or a proxy would close it.
const IDLE_TIME_MAX: Duration = Duration::from_secs(30);
/// The longest answer that is read; far more than a page of 100 events has.
const ANSWER_LENGTH_MAX: usize = 16 * 1024 * 1024;

/// The connections to Stripe.
pub struct Wire {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: HeaderValue,
}

/// An HTTP response with any status.
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// When Stripe asks to be called again.
    pub retry_after: Option<Duration>,
    /// Stripe's advice whether to retry.
    pub should_retry: Option<bool>,
    /// Stripe's id of the request (`req_…`), to be found in its Dashboard.
    pub request_id: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Wire {
    /// Makes no connection yet. `base` is scheme and host, with an optional path and an optional `/` at the end.
    pub fn new(base: &str, secret_key: &SecretString) -> Result<Self, InvalidHeaderValue> {
        let mut authorization = HeaderValue::from_str(&format!("Bearer {}", secret_key.expose_secret()))?;
        authorization.set_sensitive(true);
        let mut connector = HttpConnector::new();
        connector.enforce_http(false);
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIME_MAX));
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(connector);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIME_MAX)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), authorization })
    }

    /// Sends a request once. An error means that no complete answer came: whether the request had its effect is
    /// unknown.
    pub async fn send(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Answer, String> {
        let request = self.http_request(request, key).map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| with_causes(&error))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_LENGTH_MAX).collect().await.map_err(|error| with_causes(&*error))?;
        Ok(Answer {
            status: head.status,
            retry_after: header(&head.headers, RETRY_AFTER.as_str())
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
            should_retry: header(&head.headers, "stripe-should-retry").and_then(|flag| flag.parse().ok()),
            request_id: header(&head.headers, "request-id").map(str::to_owned),
            body: body.to_bytes(),
        })
    }

    fn http_request(&self, request: &RequestBuilder, key: Option<&str>) -> Result<Request<Full<Bytes>>, http::Error> {
        let query = request.query.as_deref().filter(|query| !query.is_empty());
        let separator = if query.is_some() { "?" } else { "" };
        let uri = format!("{}/v1{}{separator}{}", self.base, request.path, query.unwrap_or_default());
        let mut http = Request::builder()
            .method(match request.method {
                StripeMethod::Get => Method::GET,
                StripeMethod::Post => Method::POST,
                StripeMethod::Delete => Method::DELETE,
            })
            .uri(uri)
            .header(AUTHORIZATION, self.authorization.clone())
            .header(USER_AGENT, USER_AGENT_TEXT)
            .header("stripe-version", API_VERSION);
        if let Some(key) = key {
            http = http.header("idempotency-key", key);
        }
        let body = request.body.clone().map(Bytes::from);
        if let Some(form) = &body {
            http = http.header(CONTENT_TYPE, "application/x-www-form-urlencoded").header(CONTENT_LENGTH, form.len());
        }
        http.body(Full::new(body.unwrap_or_default()))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The error with its causes, which tell the reason of a "connection error".
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
