//! One request of the platform that writes.

use super::{
    command::Command,
    idempotency::{Fingerprint, IdempotencyKey},
};
use crate::{
    ids::{ApiKeyId, TenantId},
    money::Credits,
};

/// One request of the platform that writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whose credits.
    pub tenant_id: TenantId,
    /// One effect for each key.
    pub key: IdempotencyKey,
    /// Which request it is.
    pub fingerprint: Fingerprint,
    /// What is asked for.
    pub command: Command,
    /// The name of the API key that asks: who gives a grant.
    pub asked_by: String,
    /// The API key that asks: refused if it is revoked by then.
    pub api_key: Option<ApiKeyId>,
    /// What the API key may spend in a day, if that is limited.
    pub daily_cap: Option<DailyCap>,
}

impl Request {
    /// A request, with its fingerprint.
    pub fn new(tenant_id: TenantId, key: IdempotencyKey, command: Command, asked_by: String) -> Self {
        let fingerprint = Fingerprint::of(tenant_id, &command);
        Self { tenant_id, key, fingerprint, command, asked_by, api_key: None, daily_cap: None }
    }
}

/// What an API key may spend in a day, from midnight to midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DailyCap {
    /// Which key.
    pub api_key: ApiKeyId,
    /// How many credits; positive.
    pub credits: Credits,
}
