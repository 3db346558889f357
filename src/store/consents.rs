//! The port that keeps the wordings of the consent.

use async_trait::async_trait;

use super::error::StoreError;
use crate::consent::{ConsentText, ConsentVersion};

/// Keeps the wordings of the consent, for good.
#[async_trait]
pub trait ConsentStore: Send + Sync {
    /// Keeps a wording of the consent for good; no error when it is kept already.
    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError>;

    /// The wording of that version, if it was ever kept.
    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError>;
}
