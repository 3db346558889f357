//! The port that keeps the wordings of the consent.

use async_trait::async_trait;

use super::error::StoreError;
use crate::consent::{ConsentText, ConsentVersion};

/// Keeps the wordings of the consent, for good.
#[async_trait]
pub trait ConsentStore: Send + Sync {
    /// Stores a wording of the consent; no error when it is stored already.
    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError>;

    /// The wording of this version, if it was ever stored.
    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError>;
}
