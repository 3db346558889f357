//! Sends notifications that purchases are paid. scripts/bench has inserted the purchases; their ids are computed from
//! their numbers, as in stock/.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use clap::Args;
use hmac::{Hmac, Mac};
use http::{HeaderValue, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use sha2::Sha256;
use url::Url;

use crate::{
    connection::{Failed, request},
    run::{Pace, run},
};

/// A `checkout.session.completed` like Stripe's, with placeholders.
const TEMPLATE: &str = include_str!("../session-completed.json");

/// The purchases to settle.
#[derive(Args)]
pub struct Stock {
    /// The number of the first.
    #[arg(long)]
    first: u64,
    /// The number of purchases; each is settled once.
    #[arg(long)]
    count: u64,
    /// The number of the tenant that owns them all; without it, they belong to a thousand tenants in turn.
    #[arg(long)]
    tenant: Option<u64>,
    /// The shop's `STRIPE_WEBHOOK_SECRET`.
    #[arg(long)]
    secret: String,
}

struct Notification {
    body: Bytes,
    signature: HeaderValue,
}

/// Settles them until the time is up or all are settled.
pub async fn settle(shop: &Url, pace: &Pace, stock: &Stock) -> Result<Value, Failed> {
    // All are signed before the clock starts.
    let now = seconds_since_1970();
    let notifications: Vec<_> = (stock.first..stock.first + stock.count)
        .map(|number| notification(number, stock.tenant.unwrap_or(number % 1_000), stock.secret.as_bytes(), now))
        .collect::<Result<_, _>>()?;
    let drawn = AtomicUsize::new(0);
    let target = shop.clone();
    let next = move || {
        let Notification { body, signature } = notifications.get(drawn.fetch_add(1, Ordering::Relaxed))?;
        request(&target, "POST", "/billing/webhook")
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .body(Full::new(body.clone()))
            .ok()
    };
    run(shop, pace, Arc::new(next), StatusCode::OK).await
}

fn notification(number: u64, tenant: u64, secret: &[u8], now: u64) -> Result<Notification, Failed> {
    let body = event(number, tenant);
    let signed = signature(secret, now, body.as_bytes());
    let signature = HeaderValue::try_from(format!("t={now},v1={signed}")).map_err(http::Error::from)?;
    Ok(Notification { body: body.into(), signature })
}

fn event(number: u64, tenant: u64) -> String {
    let names = TEMPLATE.replace("{scattered}", &scattered(number)).replace("{purchase}", &purchase_id(number));
    names.replace("{tenant}", &format!("018bcfe5-6800-7000-8000-{tenant:012x}"))
}

/// <https://docs.stripe.com/webhooks#verify-manually>
fn signature(secret: &[u8], now: u64, body: &[u8]) -> String {
    // HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return String::new() };
    mac.update(now.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    hex::encode(mac.finalize().into_bytes())
}

#[expect(clippy::disallowed_methods, reason = "the shop looks at its real clock, too")]
fn seconds_since_1970() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Ascending in the order of creation, like the shop's own ids.
fn purchase_id(number: u64) -> String {
    let time = format!("{:012x}", 1_700_000_000_000 + number);
    format!("{}-{}-7000-8000-{number:012x}", &time[..8], &time[8..])
}

/// The unique part of the provider's ids, which are in no order. Multiplication by an odd number modulo a power of two
/// is a bijection.
fn scattered(number: u64) -> String {
    format!("{:08x}", number.wrapping_mul(2_654_435_761) & 0xffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_purchase_and_no_other() {
        let (one, other) = (event(7, 7), event(8, 8));
        let object = |event: &str| {
            let event: Value = serde_json::from_str(event).unwrap();
            event["data"]["object"].clone()
        };
        assert_eq!(object(&one)["client_reference_id"], "018bcfe5-6807-7000-8000-000000000007");
        assert_eq!(object(&one)["id"].as_str().unwrap().len(), 66);
        assert_eq!(object(&one)["metadata"]["tenant_id"], "018bcfe5-6800-7000-8000-000000000007");
        for member in ["id", "client_reference_id", "payment_intent"] {
            assert_ne!(object(&one)[member], object(&other)[member], "{member}");
        }
        assert_eq!(one.len(), other.len());
        // pgbench sends the same text as BYTEA, where a backslash would begin an escape.
        assert!(!TEMPLATE.contains('\\'));
    }

    /// By `printf '1492774577.{}' | openssl dgst -sha256 -hmac whsec_test`.
    #[test]
    fn a_signature_is_what_openssl_makes_of_it() {
        let expected = "0d0602f6611bd2252dd4b74b58a4528355a7380639a15e6cc21e3059d56d5b8b";
        assert_eq!(signature(b"whsec_test", 1_492_774_577, b"{}"), expected);
    }
}
