//! One effect for each idempotency key, however often the request comes.

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{command::Command, outcome::Outcome};
use crate::ids::TenantId;

/// The value of the header `Idempotency-Key`: 1 to 255 visible ASCII characters. All API keys share them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidIdempotencyKey;

    fn try_from(text: String) -> Result<Self, InvalidIdempotencyKey> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(InvalidIdempotencyKey) }
    }
}

/// The text is no idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an Idempotency-Key has 1 to 255 visible ASCII characters")]
pub struct InvalidIdempotencyKey;

/// What tells one request from another: SHA-256 over the tenant, the call and its parameters, in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of a command. Two bodies that say the same, written differently, have the same.
    pub fn of(tenant: TenantId, command: &Command) -> Self {
        #[derive(Serialize)]
        struct Whole<'a> {
            tenant: TenantId,
            command: &'a Command,
        }
        // Nothing in a command can fail to be written as JSON: its maps have strings as keys.
        let json = serde_json::to_vec(&Whole { tenant, command }).unwrap_or_default();
        Self(format!("{:x}", Sha256::digest(&json)))
    }

    /// One that was stored.
    pub fn from_stored(hex: String) -> Self {
        Self(hex)
    }

    /// The hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A key that was used, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// The key.
    pub key: IdempotencyKey,
    /// Whose credits the request was about.
    pub tenant_id: TenantId,
    /// Which request it was.
    pub fingerprint: Fingerprint,
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub created_at: Timestamp,
}
