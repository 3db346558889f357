//! Tenants as the platform knows them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{account::EmailAddress, ids::TenantId, money::Credits};

/// The platform's own name for a tenant: 1 to [`ExternalId::MAX`] visible ASCII characters other than `/`, `?`, `#`, `%` and
/// `\`, so that it stands in a path as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(try_from = "String", into = "String")]
pub struct ExternalId(String);

impl ExternalId {
    /// The most characters.
    pub const MAX: usize = 200;

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ExternalId {
    type Error = InvalidExternalId;

    fn try_from(text: String) -> Result<Self, InvalidExternalId> {
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"/?#%\\".contains(&byte);
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(plain) && text != "." && text != "..";
        if fits { Ok(Self(text)) } else { Err(InvalidExternalId) }
    }
}

impl From<ExternalId> for String {
    fn from(id: ExternalId) -> String {
        id.0
    }
}

/// The text is no external id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an external id has 1 to 200 visible ASCII characters, none of them / ? # % or \\")]
pub struct InvalidExternalId;

/// A tenant as the platform knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Our id of it.
    pub id: TenantId,
    /// The platform's.
    pub external_id: ExternalId,
    /// Whose account it is; who signs up by this address gets this tenant.
    pub email: Option<EmailAddress>,
    /// What the platform calls it.
    pub name: Option<String>,
    /// Below which balance the platform is told.
    pub low_balance: Option<Credits>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What the platform says about a tenant. What is `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantProfile {
    /// See [`Tenant::email`].
    pub email: Option<EmailAddress>,
    /// See [`Tenant::name`].
    pub name: Option<String>,
    /// See [`Tenant::low_balance`].
    pub low_balance: Option<Credits>,
}
