//! API keys.

use async_trait::async_trait;
use billing::{
    api_key::{ApiKey, Scope},
    ids::ApiKeyId,
    money::Credits,
    store::{ApiKeyStore, StoreError},
};
use jiff::Timestamp;

use super::{
    row::{instant, micros, parse},
    store_error,
};
use crate::ThisStore;

struct ApiKeyRow {
    id: String,
    name: String,
    prefix: String,
    secret_hash: String,
    scopes: String,
    daily_cap: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
}

impl TryFrom<ApiKeyRow> for ApiKey {
    type Error = StoreError;

    fn try_from(row: ApiKeyRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: parse("id", &row.id)?,
            name: row.name,
            prefix: row.prefix,
            secret_hash: row.secret_hash,
            scopes: row.scopes.split_whitespace().map(|scope| parse("scopes", scope)).collect::<Result<_, _>>()?,
            daily_cap: row.daily_cap.map(Credits),
            created_at: instant(row.created_at)?,
            expires_at: row.expires_at.map(instant).transpose()?,
            revoked_at: row.revoked_at.map(instant).transpose()?,
            last_used_at: row.last_used_at.map(instant).transpose()?,
        })
    }
}

macro_rules! select_api_keys {
    ($rest:tt $(, $argument:expr)*) => {
        sqlx::query_as!(
            ApiKeyRow,
            r#"SELECT id AS "id!", name AS "name!", prefix AS "prefix!", secret_hash AS "secret_hash!",
                scopes AS "scopes!", daily_cap, created_at AS "created_at!", expires_at, revoked_at, last_used_at
            FROM api_keys "# + $rest
            $(, $argument)*
        )
    };
}

#[async_trait]
impl ApiKeyStore for ThisStore {
    async fn insert_api_key(&self, key: &ApiKey) -> Result<bool, StoreError> {
        let scopes: Vec<_> = key.scopes.iter().copied().map(Scope::as_str).collect();
        let inserted = sqlx::query!(
            "INSERT INTO api_keys (id, name, prefix, secret_hash, scopes, daily_cap, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING",
            key.id.to_string(),
            key.name,
            key.prefix,
            key.secret_hash,
            scopes.join(" "),
            key.daily_cap.map(|credits| credits.0),
            micros(key.created_at),
            key.expires_at.map(micros)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(inserted.rows_affected() == 1)
    }

    async fn api_key(&self, secret_hash: &str) -> Result<Option<ApiKey>, StoreError> {
        let row = select_api_keys!("WHERE secret_hash = $1", secret_hash).fetch_optional(self.reader()).await;
        row.map_err(store_error)?.map(ApiKey::try_from).transpose()
    }

    async fn api_keys(&self) -> Result<Vec<ApiKey>, StoreError> {
        let rows = select_api_keys!("ORDER BY id DESC").fetch_all(self.reader()).await.map_err(store_error)?;
        rows.into_iter().map(ApiKey::try_from).collect()
    }

    async fn revoke_api_key(&self, id: ApiKeyId, at: Timestamp) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1",
            id.to_string(),
            micros(at)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(revoked.rows_affected() == 1)
    }

    async fn note_api_key_use(&self, id: ApiKeyId, hour: Timestamp) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
            id.to_string(),
            micros(hour)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(())
    }
}
