//! The wordings of the consent.

use async_trait::async_trait;
use billing::{
    consent::{ConsentText, ConsentVersion},
    store::{ConsentStore, StoreError},
};

use super::{row::parse, store_error};
use crate::{ThisStore, dialect::Pool};

async fn keep(pool: &Pool, text: &ConsentText) -> Result<(), StoreError> {
    // NOT EXISTS, because SQLite's trigger against REPLACE refuses a duplicate before ON CONFLICT is considered.
    sqlx::query!(
        "INSERT INTO consent_texts (version, locale, text) SELECT $1, $2, $3
        WHERE NOT EXISTS (SELECT 1 FROM consent_texts WHERE version = $1)
        ON CONFLICT (version) DO NOTHING",
        text.version.as_str(),
        text.locale.as_str(),
        text.text
    )
    .execute(pool)
    .await
    .map_err(store_error)?;
    Ok(())
}

async fn read(pool: &Pool, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT locale AS "locale!", text AS "text!" FROM consent_texts WHERE version = $1"#,
        version.as_str()
    )
    .fetch_optional(pool)
    .await
    .map_err(store_error)?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(ConsentText { version: version.clone(), locale: parse("locale", &row.locale)?, text: row.text }))
}

#[async_trait]
impl ConsentStore for ThisStore {
    async fn keep_consent_text(&self, text: &ConsentText) -> Result<(), StoreError> {
        keep(self.writer(), text).await
    }

    async fn consent_text(&self, version: &ConsentVersion) -> Result<Option<ConsentText>, StoreError> {
        read(self.reader(), version).await
    }
}
