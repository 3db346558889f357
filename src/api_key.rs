//! Keys by which a platform calls the platform API.
//!
//! The key itself is shown once and stored nowhere: a store keeps its SHA-256.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::{ids::ApiKeyId, money::Credits};

/// What a key may do.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
pub enum Scope {
    /// Make tenants and change what is known of them.
    #[serde(rename = "tenants:write")]
    #[strum(serialize = "tenants:write")]
    TenantsWrite,
    /// Read tenants, balances, ledgers and purchases.
    #[serde(rename = "balance:read")]
    #[strum(serialize = "balance:read")]
    BalanceRead,
    /// Spend, hold, capture, release, and reverse spends.
    #[serde(rename = "spend")]
    #[strum(serialize = "spend")]
    Spend,
    /// Grant credits, and take grants back.
    #[serde(rename = "grant")]
    #[strum(serialize = "grant")]
    Grant,
}

impl Scope {
    /// The name in the database, the API and on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A key, without the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// What the operator calls it; unique among the keys that are not revoked.
    pub name: String,
    /// How the key begins, to tell it from others.
    pub prefix: String,
    /// SHA-256 of the key, in hexadecimal.
    pub secret_hash: String,
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
    /// How many credits it may spend in a day (UTC), if that is limited.
    pub daily_cap: Option<Credits>,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it works no longer.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The hour in which it was last used.
    pub last_used_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it works at that instant.
    pub fn works_at(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
