//! Accounts and sign-in sessions.

use std::{fmt, str::FromStr};

use jiff::Timestamp;

use crate::{
    ids::{TenantId, UserId},
    wallet::Funds,
};

/// An e-mail address in lower case. Users sign in with it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Personal data stays out of logs.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

impl FromStr for EmailAddress {
    type Err = InvalidEmail;

    /// At most 254 characters: longer ones cannot be mailed to (RFC 5321, section 4.5.3.1.3, with RFC 3696's erratum
    /// 1690).
    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        const LENGTH_MAX: usize = 254;
        let text = text.trim();
        if text.len() > LENGTH_MAX {
            return Err(InvalidEmail);
        }
        let options =
            email_address::Options::default().with_required_tld().without_display_text().without_domain_literal();
        let address = email_address::EmailAddress::parse_with_options(text, options).map_err(|_| InvalidEmail)?;
        Ok(Self(address.as_str().to_lowercase()))
    }
}

/// The text is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an e-mail address")]
pub struct InvalidEmail;

/// The signed-in user, and the tenant that calls are made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The tenant that owns the balance and the purchases.
    pub tenant_id: TenantId,
    /// Who.
    pub user_id: UserId,
    /// The user's e-mail address.
    pub email: EmailAddress,
}

/// A person's account, and the tenant that it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The user who signs in with it, and their tenant.
    pub principal: Principal,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// When the user signed up.
    pub created_at: Timestamp,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("principal", &self.principal).finish_non_exhaustive()
    }
}

/// A server-side session. Only the hash of its token is stored, so a copy of the table gives no access.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the token in the cookie, in hexadecimal.
    pub token_hash: String,
    /// The signed-in user, if any.
    pub user_id: Option<UserId>,
    /// JSON, as the session layer wrote it.
    pub data: String,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// The user of a session and their credits. Most requests need both, so one query reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLookup {
    /// Who.
    pub principal: Principal,
    /// What the tenant has.
    pub funds: Funds,
    /// The number of changes to the tenant's purchases and holds, new ones included; a hold whose time is over is no
    /// change. Data that is read after this number is at least as new.
    pub changes: i64,
    /// JSON, as the session layer wrote it.
    pub data: String,
}

/// A hash that matches no password.
pub const UNUSABLE_PASSWORD_HASH: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_spelling() {
        let parsed = " Kim@Example.COM ".parse::<EmailAddress>();
        assert_eq!(parsed.as_ref().map(EmailAddress::as_str), Ok("kim@example.com"));
        for bad in ["", "kim", "kim@", "@example.com", "kim@example", "Kim <kim@example.com>", "a b@example.com"] {
            assert_eq!(bad.parse::<EmailAddress>(), Err(InvalidEmail), "{bad:?}");
        }
        let label = "a".repeat(60);
        let of_length = |last: usize| format!("kim@{label}.{label}.{label}.{}.com", "a".repeat(last));
        assert_eq!((of_length(63).len(), of_length(63).parse::<EmailAddress>().is_ok()), (254, true));
        assert!(of_length(64).parse::<EmailAddress>().is_err());
    }

    #[test]
    fn an_address_never_shows_in_debug_output() {
        let shown = format!("{:?}", "kim@example.com".parse::<EmailAddress>());
        assert!(!shown.contains("kim"));
    }
}
