//! The port that keeps accounts and sign-in sessions.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    account::{Account, EmailAddress, SessionLookup, StoredSession},
    ids::UserId,
    purchase::Purchase,
};

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

    /// Writes a session over the one of the same token hash. One that has been ended meanwhile stays so: nothing is
    /// written.
    async fn save_session(&self, session: &StoredSession) -> Result<(), StoreError>;

    /// The session of that token hash, if it has not ended by `now`.
    async fn session(&self, token_hash: &str, now: Timestamp) -> Result<Option<StoredSession>, StoreError>;

    /// Who is signed in by the sessions of those token hashes, of each that has not ended by `now` once; in no order.
    async fn lookup_sessions(
        &self,
        token_hashes: &[String],
        now: Timestamp,
    ) -> Result<Vec<(String, SessionLookup)>, StoreError>;

    /// Ends a session; no error when there is none.
    async fn delete_session(&self, token_hash: &str) -> Result<(), StoreError>;

    /// Removes the sessions that have ended by `now`; gives how many.
    async fn delete_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;
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
