//! Wordings of the consent in the model.

use async_trait::async_trait;

use super::{MemoryStore, give_way, lock, rules};
use crate::{
    consent::{ConsentText, ConsentVersion},
    store::{ConsentStore, StoreError},
};

#[async_trait]
impl ConsentStore for MemoryStore {
    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError> {
        give_way().await;
        rules::refuse_if(text.text.is_empty(), "consent_texts_text_check")?;
        lock(&self.tables).consent_texts.entry(text.version.clone()).or_insert_with(|| text.clone());
        Ok(())
    }

    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError> {
        give_way().await;
        Ok(lock(&self.tables).consent_texts.get(version).cloned())
    }
}
