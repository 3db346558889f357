//! The port that keeps accounts and sign-in sessions.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    account::{Account, EmailAddress, SessionLookup, StoredSession},
    ids::{TenantId, UserId},
    purchase::Purchase,
};

/// Keeps accounts and sessions.
#[async_trait]
pub trait AccountStore: Send + Sync {
    /// Writes an account, and the account's tenant, in one transaction. Where the platform has named a tenant with the
    /// account's address that has no user yet, the account joins that one instead: the oldest, if there are several.
    async fn insert_account(&self, account: &Account) -> Result<SignUp, StoreError>;

    /// Writes a lost purchase, and its tenant and user where these are missing too, in one transaction.
    async fn insert_sale(&self, account: &Account, purchase: &Purchase) -> Result<InsertedSale, StoreError>;

    /// The account with this e-mail address.
    async fn account_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError>;

    /// The account of a signed-in user.
    async fn account(&self, user_id: UserId) -> Result<Option<Account>, StoreError>;

    /// Replaces a user's password hash, and deletes all of the user's sessions in the same transaction. Returns the
    /// number of sessions, or `None` when there is no such user.
    async fn set_password(&self, user_id: UserId, password_hash: &str) -> Result<Option<u64>, StoreError>;

    /// Inserts a session. `false` when the token hash exists; then nothing was written.
    async fn insert_session(&self, session: &StoredSession) -> Result<bool, StoreError>;

    /// Updates the session with the same token hash. A session that was deleted in the meantime is not written again.
    async fn save_session(&self, session: &StoredSession) -> Result<(), StoreError>;

    /// The session with this token hash, unless it has expired by `now`.
    async fn session(&self, token_hash: &str, now: Timestamp) -> Result<Option<StoredSession>, StoreError>;

    /// The users of the sessions with these token hashes, in no particular order. Each session that has not expired by
    /// `now` is listed once.
    async fn lookup_sessions(
        &self,
        token_hashes: &[String],
        now: Timestamp,
    ) -> Result<Vec<(String, SessionLookup)>, StoreError>;

    /// Deletes a session; no error when there is none.
    async fn delete_session(&self, token_hash: &str) -> Result<(), StoreError>;

    /// Deletes the sessions that have expired by `now`. Returns how many.
    async fn delete_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// The result of a sign-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUp {
    /// The account exists, and belongs to this tenant.
    Created(TenantId),
    /// Another account has this e-mail address; nothing was written.
    EmailTaken,
}

/// The result of writing a lost sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsertedSale {
    /// Tenant, user and purchase exist.
    Yes,
    /// Another account has the user's e-mail address; nothing was written.
    EmailTaken,
}
