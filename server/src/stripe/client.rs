//! The payment provider over Stripe's API.
//!
//! Each operation has a deadline. Within it, calls are retried while their outcome is unclear (see [`call`]). A refusal
//! is [`ProviderError::Rejected`], or [`ProviderError::AccessDenied`] if the key is the reason. An outcome that stays
//! unclear is [`ProviderError::Unavailable`]. The operation can then be repeated at any time: opening a session uses an
//! idempotency key made from the purchase's id, expiring a session is idempotent, and all other calls only read.

pub mod call;
mod outcome;
mod requests;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use billing::{
    clock::{Clock, Entropy},
    provider::{CheckoutSession, EventPage, PaymentProvider, PaymentRecord, ProviderError, SaleRecord, SessionStatus},
    purchase::Purchase,
    reversal::Snapshot,
};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use stripe_client_core::RequestBuilder;
use tokio::time::Instant;
use url::Url;

pub use self::wire::API_VERSION;
use self::{
    call::{Operation, RetryPolicy},
    outcome::Fault,
    wire::Wire,
};
use super::{event, json, object};

const STRIPE: &str = "https://api.stripe.com";
/// The most pages of a payment's refunds or disputes that are read; far more than one payment can have.
const PAGES_MAX: usize = 20;
/// The longest id that is sent to Stripe.
const ID_LENGTH_MAX: usize = 255;

/// The settings of the client.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// `STRIPE_SECRET_KEY`: `sk_…`, or a restricted `rk_…`.
    pub secret_key: SecretString,
    /// `STRIPE_API_BASE`: an address in place of Stripe's, for tests.
    pub api_base: Option<Url>,
    /// `PUBLIC_URL`: the shop that the buyer returns to.
    pub public_url: Url,
    /// How calls are retried.
    pub retry_policy: RetryPolicy,
}

/// Invalid settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StripeSettingsError {
    /// The key is not a secret or restricted key.
    #[error("STRIPE_SECRET_KEY is not a secret key: it begins with sk_test_, sk_live_, rk_test_ or rk_live_")]
    Key,
    /// The live key would be sent without encryption.
    #[error("STRIPE_API_BASE must begin with https:// when STRIPE_SECRET_KEY is a live key")]
    PlainText,
}

/// The payment provider over Stripe's API.
pub struct StripeProvider {
    wire: Wire,
    livemode: bool,
    public_url: String,
    retry_policy: RetryPolicy,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl StripeProvider {
    /// Checks the settings. Makes no call.
    pub fn new(
        settings: &StripeSettings,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, StripeSettingsError> {
        let livemode = livemode(settings.secret_key.expose_secret()).ok_or(StripeSettingsError::Key)?;
        if let Some(base) = &settings.api_base
            && livemode
            && base.scheme() != "https"
        {
            return Err(StripeSettingsError::PlainText);
        }
        let base = settings.api_base.as_ref().map_or(STRIPE, Url::as_str);
        Ok(Self {
            wire: Wire::new(base, &settings.secret_key).map_err(|_| StripeSettingsError::Key)?,
            livemode,
            public_url: settings.public_url.as_str().trim_end_matches('/').to_owned(),
            retry_policy: settings.retry_policy,
            clock,
            entropy,
        })
    }

    fn operation(&self, name: &'static str) -> Operation<'_> {
        Operation {
            name,
            wire: &self.wire,
            entropy: self.entropy.as_ref(),
            retry_policy: self.retry_policy,
            deadline: Instant::now() + self.retry_policy.operation_time_max,
        }
    }
}

#[async_trait]
impl PaymentProvider for StripeProvider {
    fn livemode(&self) -> bool {
        self.livemode
    }

    async fn create_checkout(&self, purchase: &Purchase, buyer_email: &str) -> Result<CheckoutSession, ProviderError> {
        if requests::too_late_to_open(purchase, self.clock.now()) {
            return Err(ProviderError::Rejected { detail: "the order is too old to open a session for it".to_owned() });
        }
        let request = requests::create_session(purchase, buyer_email, &self.public_url);
        let key = requests::idempotency_key(purchase);
        let object = self.operation("create_checkout").call(&request, Some(&key)).await?;
        let session = read_session(&object)?;
        if session.status == SessionStatus::Open && session.url.is_none() {
            return Err(Fault::unreadable("an open checkout session", "url").into());
        }
        Ok(session)
    }

    async fn retrieve_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        let Some(id) = session_id(purchase) else { return Ok(None) };
        Ok(retrieve_session(&self.operation("retrieve_checkout"), id).await?)
    }

    async fn expire_checkout(&self, purchase: &Purchase) -> Result<Option<CheckoutSession>, ProviderError> {
        let Some(id) = session_id(purchase) else { return Ok(None) };
        let operation = self.operation("expire_checkout");
        match operation.call(&requests::expire_session(id), None).await {
            Ok(object) => Ok(Some(read_session(&object)?)),
            Err(Fault::NotFound) => Ok(None),
            // Stripe refuses to expire a session that is not open. The session shows whether that was the reason.
            Err(refused @ (Fault::Refused { .. } | Fault::Denied { .. })) => {
                match retrieve_session(&operation, id).await? {
                    Some(session) if session.status == SessionStatus::Open => Err(refused.into()),
                    closed => Ok(closed),
                }
            }
            Err(fault) => Err(fault.into()),
        }
    }

    async fn retrieve_payment(&self, payment_ref: &str) -> Result<Option<PaymentRecord>, ProviderError> {
        let Some(id) = plain_id(payment_ref) else { return Ok(None) };
        let operation = self.operation("retrieve_payment");
        let observed_at = self.clock.now();
        let id = if id.starts_with("pi_") {
            id.to_owned()
        } else {
            let Some(charge) = optional(operation.call(&requests::retrieve_charge(id), None).await)? else {
                return Ok(None);
            };
            match object::reference(&charge, "payment_intent").and_then(plain_id) {
                Some(payment) => payment.to_owned(),
                None if charge.get("payment_intent").is_some_and(|payment| !payment.is_null()) => {
                    return Err(Fault::unreadable("a charge", "payment_intent").into());
                }
                // Checkout makes no charge without a payment intent, so this charge is not the shop's.
                None => return Ok(Some(record(id, &charge, observed_at, Ok(Vec::new())))),
            }
        };
        let payment = optional(operation.call(&requests::retrieve_payment(&id), None).await)?;
        let Some(payment) = payment else { return Ok(None) };
        let (refunds, disputes) = tokio::try_join!(
            every(&operation, |after| requests::refunds(&id, after)),
            every(&operation, |after| requests::disputes(&id, after)),
        )?;
        Ok(Some(record(&id, &payment, observed_at, snapshots(&refunds, &disputes))))
    }

    async fn retrieve_sale(&self, reference: &str) -> Result<Option<SaleRecord>, ProviderError> {
        let Some(id) = plain_id(reference) else { return Ok(None) };
        let operation = self.operation("retrieve_sale");
        let session = if id.starts_with("cs_") {
            optional(operation.call(&requests::retrieve_session(id), None).await)?
        } else {
            let list = optional(operation.call(&requests::session_of_payment(id), None).await)?;
            let Some(list) = list else { return Ok(None) };
            page_of(&list)?.0.first().cloned()
        };
        let read = |session: Value| object::sale(&session).map_err(|field| Fault::unreadable("a sale", field));
        Ok(session.map(read).transpose()?)
    }

    async fn events_since(&self, since: Timestamp, page: Option<&str>) -> Result<EventPage, ProviderError> {
        let answer = self.operation("events_since").call_raw(&requests::events(since, page), None).await?;
        let (_, next_page) = page_of(&answer.object)?;
        let payloads = json::raw_elements(&answer.body, "data").ok_or_else(|| Fault::unreadable("a list", "data"))?;
        // Stripe lists the newest first.
        let events = payloads.iter().rev().map(|payload| event::read(payload.as_bytes())).collect();
        Ok(EventPage { events, next_page: next_page.map(str::to_owned) })
    }
}

async fn retrieve_session(operation: &Operation<'_>, id: &str) -> Result<Option<CheckoutSession>, Fault> {
    match optional(operation.call(&requests::retrieve_session(id), None).await)? {
        Some(object) => Ok(Some(read_session(&object)?)),
        None => Ok(None),
    }
}

fn read_session(object: &Value) -> Result<CheckoutSession, Fault> {
    object::checkout_session(object).map_err(|field| Fault::unreadable("a checkout session", field))
}

/// The record of a payment. Its owner can be read even if its refunds and disputes cannot.
fn record(
    id: &str,
    payment: &Value,
    observed_at: Timestamp,
    snapshots: Result<Vec<Snapshot>, String>,
) -> PaymentRecord {
    let livemode = payment.get("livemode").and_then(Value::as_bool);
    let (livemode, snapshots, unreadable) = match (livemode, snapshots) {
        (Some(livemode), Ok(snapshots)) => (livemode, snapshots, None),
        (None, _) => (false, Vec::new(), Some(outcome::lacks("a payment", "livemode"))),
        (Some(livemode), Err(detail)) => (livemode, Vec::new(), Some(detail)),
    };
    PaymentRecord {
        payment_ref: id.to_owned(),
        livemode,
        purchase_id: object::purchase_in_metadata(payment),
        tenant_id: object::tenant_in_metadata(payment),
        observed_at,
        snapshots,
        unreadable,
    }
}

/// The snapshots, oldest first. An error names the object and its unusable field.
fn snapshots(refunds: &[Value], disputes: &[Value]) -> Result<Vec<Snapshot>, String> {
    let created = |object: &Value| object.get("created").and_then(Value::as_i64).unwrap_or_default();
    let mut dated = Vec::with_capacity(refunds.len() + disputes.len());
    // Stripe lists the newest first.
    for object in refunds.iter().rev() {
        let refund = object::refund(object).map_err(|field| outcome::lacks("a refund", field))?;
        dated.push((created(object), Snapshot::Refund(refund)));
    }
    for object in disputes.iter().rev() {
        let dispute = object::dispute(object).map_err(|field| outcome::lacks("a dispute", field))?;
        dated.push((created(object), Snapshot::Dispute(dispute)));
    }
    dated.sort_by_key(|(created, _)| *created);
    Ok(dated.into_iter().map(|(_, snapshot)| snapshot).collect())
}

/// All pages of a list.
async fn every(
    operation: &Operation<'_>,
    request: impl Fn(Option<&str>) -> RequestBuilder,
) -> Result<Vec<Value>, Fault> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let list = operation.call(&request(after.as_deref()), None).await?;
        let (data, next) = page_of(&list)?;
        all.extend_from_slice(data);
        match next {
            Some(seen) => after = Some(seen.to_owned()),
            None => return Ok(all),
        }
    }
    // An incomplete list would give wrong sums.
    Err(Fault::Unclear { detail: "a list without end".to_owned(), retry_after: None, repeat: false })
}

/// A list's objects, and the id after which the next page starts.
fn page_of(list: &Value) -> Result<(&[Value], Option<&str>), Fault> {
    let data = list.get("data").and_then(Value::as_array).ok_or_else(|| Fault::unreadable("a list", "data"))?;
    let more = list.get("has_more").and_then(Value::as_bool).ok_or_else(|| Fault::unreadable("a list", "has_more"))?;
    if !more {
        return Ok((data, None));
    }
    let seen = data.last().and_then(|object| object::text(object, "id")).and_then(plain_id);
    Ok((data, Some(seen.ok_or_else(|| Fault::unreadable("a list with more", "data"))?)))
}

fn optional(called: Result<Value, Fault>) -> Result<Option<Value>, Fault> {
    match called {
        Ok(object) => Ok(Some(object)),
        Err(Fault::NotFound) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn session_id(purchase: &Purchase) -> Option<&str> {
    plain_id(&purchase.checkout.as_ref()?.provider_ref)
}

/// The id, if it has the form of Stripe's ids. Ids become part of a path, so other characters must not get into one.
fn plain_id(id: &str) -> Option<&str> {
    let fits = (1..=ID_LENGTH_MAX).contains(&id.len());
    (fits && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then_some(id)
}

/// Whether the key moves real money; `None` when it is no secret key.
fn livemode(key: &str) -> Option<bool> {
    let rest = key.strip_prefix("sk_").or_else(|| key.strip_prefix("rk_"))?;
    match rest.split_once('_')? {
        ("live", secret) if !secret.is_empty() => Some(true),
        ("test", secret) if !secret.is_empty() => Some(false),
        _ => None,
    }
}
