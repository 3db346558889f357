//! Accounts and sign-in sessions: the port that keeps them.

use std::{fmt, str::FromStr};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    ids::{TenantId, UserId},
    ledger::Balance,
    purchase::Purchase,
    store::StoreError,
};

/// An e-mail address in lower case; the name that a person signs in by.
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

    /// At most 254 characters: longer ones cannot be mailed to (RFC 5321, section 4.5.3.1.3, with RFC 3696's erratum 1690).
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

/// Who is signed in: what every tenant's call is made on behalf of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// Whose balance and purchases.
    pub tenant_id: TenantId,
    /// Who.
    pub user_id: UserId,
    /// Their address.
    pub email: EmailAddress,
}

/// A person's account, and the tenant that it belongs to.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Who signs in, and for which tenant.
    pub caller: Principal,
    /// Argon2id, in PHC form.
    pub password_hash: String,
    /// When they signed up.
    pub created_at: Timestamp,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// A server-side session: kept by the hash of its token, so that a copy of the table signs nobody in.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredSession {
    /// SHA-256 of the token in the cookie, in hexadecimal.
    pub token_hash: String,
    /// Who is signed in by it, once somebody is.
    pub user_id: Option<UserId>,
    /// JSON, as the session layer wrote it.
    pub data: String,
    /// When it ends by itself.
    pub expires_at: Timestamp,
}

/// Who is signed in by a session, and what they have: all that most requests ask, in one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionLookup {
    /// Who.
    pub caller: Principal,
    /// Their tenant's credits.
    pub balance: Balance,
    /// Counts up whenever one of their tenant's purchases is ordered or changes; what was read after a count is at
    /// least as new.
    pub changes: i64,
    /// JSON, as the session layer wrote it.
    pub data: String,
}

/// What became of a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// Tenant and account exist.
    Created,
    /// Somebody has that address already; nothing was written.
    EmailTaken,
}

/// What became of a sale that the database had lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertedSale {
    /// Tenant, user and purchase are there.
    Yes,
    /// Another account has the user's address; nothing was written.
    EmailTaken,
}

/// The hash of a password that nobody knows.
pub const NOBODYS_PASSWORD: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Keeps accounts and sessions.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Writes the tenant and the account, both or neither.
    async fn insert_account(&self, account: &Account) -> Result<SignUp, StoreError>;

    /// Writes a purchase that the database had lost, with its tenant and its user where these are missing too; all or
    /// nothing.
    async fn insert_sale(&self, account: &Account, purchase: &Purchase) -> Result<InsertedSale, StoreError>;

    /// The account that signs in by that address.
    async fn account_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError>;

    /// The account of a signed-in user.
    async fn account(&self, user_id: UserId) -> Result<Option<Account>, StoreError>;

    /// Writes another password hash, and ends every session of that user in the same transaction; tells how many they
    /// were, and `None` when there is no such user.
    async fn set_password(&self, user_id: UserId, password_hash: &str) -> Result<Option<u64>, StoreError>;

    /// Writes a session; `false` when that token hash is taken, and nothing was written.
    async fn insert_session(&self, session: &StoredSession) -> Result<bool, StoreError>;

    /// Writes a session over the one of the same token hash. One that has been ended meanwhile stays so: nothing is written.
    async fn save_session(&self, session: &StoredSession) -> Result<(), StoreError>;

    /// The session of that token hash, if it has not ended by `now`.
    async fn session(&self, token_hash: &str, now: Timestamp) -> Result<Option<StoredSession>, StoreError>;

    /// Who is signed in by the sessions of those token hashes, of each that has not ended by `now` once; in no order.
    async fn session_owners(
        &self,
        token_hashes: &[String],
        now: Timestamp,
    ) -> Result<Vec<(String, SessionLookup)>, StoreError>;

    /// Ends a session; no error when there is none.
    async fn delete_session(&self, token_hash: &str) -> Result<(), StoreError>;

    /// Removes the sessions that have ended by `now`; gives how many.
    async fn delete_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;
}

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
