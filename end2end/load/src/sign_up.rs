//! An account for the reading benchmarks.

use bytes::Bytes;
use http::StatusCode;
use http_body_util::Full;
use serde_json::{Value, json};
use url::Url;

use crate::connection::{Connection, Failed, request};

/// Creates an account, and signs in.
pub async fn sign_up(shop: &Url) -> Result<Value, Failed> {
    let body = json!({"email": "bench@example.com", "password": "as fast as it goes"}).to_string();
    let request = request(shop, "POST", "/auth/accounts")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))?;
    let answer = Connection::open(shop).await?.send(request, StatusCode::CREATED).await?;
    let cookie = answer.headers.get("set-cookie").and_then(|cookie| cookie.to_str().ok()?.split(';').next());
    let account: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match (cookie, account["tenant_id"].as_str()) {
        (Some(cookie), Some(tenant)) => Ok(json!({"cookie": cookie, "tenant": tenant})),
        _ => Err(Failed::Unexpected(format!("an account without a cookie or a tenant: {account}"))),
    }
}
