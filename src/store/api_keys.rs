//! The port that keeps API keys.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{api_key::ApiKey, ids::ApiKeyId};

/// Keeps API keys.
#[async_trait]
pub trait ApiKeyStore: Send + Sync {
    /// Writes a key; `false` when one that is not revoked has its name, and nothing was written.
    async fn insert_api_key(&self, key: &ApiKey) -> Result<bool, StoreError>;

    /// The key of that hash, whether it still works or not.
    async fn api_key(&self, secret_hash: &str) -> Result<Option<ApiKey>, StoreError>;

    /// Every key, newest first.
    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError>;

    /// Revokes a key for good; one that is revoked keeps its time. `false` when there is no such key.
    async fn revoke_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError>;

    /// Notes the hour in which a key was used; never goes back.
    async fn note_api_key_use(&self, id: ApiKeyId, hour: Timestamp) -> Result<(), StoreError>;
}
