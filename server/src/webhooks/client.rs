//! One request to an endpoint.

use std::{error::Error, time::Duration};

use billing::outgoing_webhook::Attempt;
use http::{
    Request, StatusCode,
    header::{CONTENT_TYPE, USER_AGENT},
};
use http_body_util::Full;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::timeout;
use tokio_util::bytes::Bytes;
use url::Url;

use super::address::{PublicResolver, check_url};

/// How long an attempt may take, from looking the address up to the head of the answer.
const TIME_MAX: Duration = Duration::from_secs(15);
const USER_AGENT_TEXT: &str = concat!("iza-credits-webhooks/", env!("CARGO_PKG_VERSION"));

/// Posts to endpoints. It follows no redirect, and reads of an answer its head alone.
#[derive(Clone)]
pub struct WebhookClient {
    client: Client<HttpsConnector<HttpConnector<PublicResolver>>, Full<Bytes>>,
    allow_private: bool,
}

/// How an attempt ended.
#[derive(Debug)]
pub enum Outcome {
    /// By an answer of 2xx.
    Accepted(u16),
    /// By 410 Gone.
    Gone,
    /// By any other answer, or none.
    Failed(Attempt),
}

impl WebhookClient {
    /// Connects to private addresses only where that is allowed.
    pub fn new(allow_private: bool) -> Self {
        let mut connector = HttpConnector::new_with_resolver(PublicResolver { allow_private });
        connector.enforce_http(false);
        connector.set_nodelay(true);
        let connector =
            HttpsConnectorBuilder::new().with_webpki_roots().https_or_http().enable_http1().wrap_connector(connector);
        // A connection of its own for each attempt: one that was kept may be dead by the next.
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { client, allow_private }
    }

    /// Sends one request.
    pub async fn post(&self, url: &str, headers: [(&'static str, String); 3], payload: String) -> Outcome {
        let failed = |status: Option<u16>, note: String| Outcome::Failed(Attempt { status, note });
        let request = match self.request(url, headers, payload) {
            Ok(request) => request,
            Err(note) => return failed(None, note),
        };
        match timeout(TIME_MAX, self.client.request(request)).await {
            Err(_) => failed(None, format!("no answer within {} s", TIME_MAX.as_secs())),
            Ok(Err(error)) => failed(None, with_causes(&error)),
            Ok(Ok(answer)) => match answer.status() {
                status if status.is_success() => Outcome::Accepted(status.as_u16()),
                StatusCode::GONE => Outcome::Gone,
                status if status.is_redirection() => {
                    failed(Some(status.as_u16()), format!("answered {status}; redirects are not followed"))
                }
                status => failed(Some(status.as_u16()), format!("answered {status}")),
            },
        }
    }

    fn request(
        &self,
        url: &str,
        headers: [(&'static str, String); 3],
        payload: String,
    ) -> Result<Request<Full<Bytes>>, String> {
        let url = Url::parse(url).map_err(|error| error.to_string())?;
        check_url(&url, self.allow_private)?;
        let request = Request::post(url.as_str()).header(CONTENT_TYPE, "application/json");
        let request = request.header(USER_AGENT, USER_AGENT_TEXT);
        let request = headers.into_iter().fold(request, |request, (name, value)| request.header(name, value));
        request.body(Full::new(Bytes::from(payload))).map_err(|error| error.to_string())
    }
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
