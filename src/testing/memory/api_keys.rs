//! The API keys of the model.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, lock, yield_now};
use crate::{
    api_key::ApiKey,
    ids::ApiKeyId,
    store::{ApiKeyStore, StoreError},
};

#[async_trait]
impl ApiKeyStore for MemoryStore {
    async fn insert_api_key(&self, key: &ApiKey) -> Result<bool, StoreError> {
        yield_now().await;
        let keys = &mut lock(&self.tables).api_keys;
        if keys.values().any(|other| other.revoked_at.is_none() && other.name == key.name) {
            return Ok(false);
        }
        keys.insert(key.id, key.clone());
        Ok(true)
    }

    async fn api_key(&self, secret_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).api_keys.values().find(|key| key.secret_hash == secret_hash).cloned())
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).api_keys.values().rev().cloned().collect())
    }

    async fn revoke_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        yield_now().await;
        let keys = &mut lock(&self.tables).api_keys;
        let Some(key) = keys.get_mut(&id) else { return Ok(false) };
        key.revoked_at.get_or_insert(at);
        Ok(true)
    }

    async fn note_api_key_use(&self, id: ApiKeyId, hour: Timestamp) -> Result<(), StoreError> {
        yield_now().await;
        if let Some(key) = lock(&self.tables).api_keys.get_mut(&id) {
            key.last_used_at = key.last_used_at.max(Some(hour));
        }
        Ok(())
    }
}
