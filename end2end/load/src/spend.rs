//! Spends credits by the platform API. scripts/bench has made the tenants, whose external ids are `bench-` and their
//! number, and has given them credits, or none.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use clap::Args;
use http::StatusCode;
use http_body_util::Full;
use serde_json::Value;
use url::Url;

use crate::{
    connection::{Failed, request},
    run::{Pace, run},
};

/// Who spends.
#[derive(Args)]
pub struct Spender {
    /// The API key, of the scope `spend`.
    #[arg(long)]
    key: String,
    /// The number of the first tenant.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// How many tenants spend in turn.
    #[arg(long, default_value_t = 1)]
    tenants: u64,
    /// That each is refused, since it has no credits.
    #[arg(long)]
    refused: bool,
}

/// Spends one credit after the other until the time is up.
pub async fn spend(shop: &Url, pace: &Pace, spender: &Spender) -> Result<Value, Failed> {
    let drawn = AtomicU64::new(0);
    let target = shop.clone();
    let authorization = format!("Bearer {}", spender.key);
    let (first, tenants, run_id) = (spender.first, spender.tenants, micros_since_1970());
    let next = move || {
        let number = drawn.fetch_add(1, Ordering::Relaxed);
        request(&target, "POST", &format!("/v1/tenants/bench-{}/spends", first + number % tenants))
            .header("authorization", &authorization)
            .header("content-type", "application/json")
            .header("idempotency-key", format!("{run_id}-{number}"))
            .body(Full::new(Bytes::from_static(br#"{"credits":1}"#)))
            .ok()
    };
    let expected = if spender.refused { StatusCode::PAYMENT_REQUIRED } else { StatusCode::CREATED };
    run(shop, pace, Arc::new(next), expected).await
}

#[expect(clippy::disallowed_methods, reason = "keys must differ from those of every earlier run")]
fn micros_since_1970() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros())
}
