//! Sessions kept in the shop's own database, by the hash of their token.

use std::{fmt, sync::Arc};

use super::USER;
use async_trait::async_trait;
use billing::{account::StoredSession, clock::Clock, store::AccountStore};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tower_sessions::{
    Expiry, SessionManagerLayer, SessionStore,
    cookie::SameSite,
    session::{Id, Record},
    session_store::{Error, Result},
};

use crate::public_site::Site;

/// How long a session lasts without being used.
const INACTIVITY_DAYS_MAX: i64 = 14;
/// The most attempts to find an unused session id, which has 128 random bits.
const DRAWS_MAX: u32 = 4;

/// The session layer's view of the account store.
#[derive(Clone)]
pub struct Sessions {
    accounts: Arc<dyn AccountStore>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

/// The session layer. Nothing is stored and no cookie is set until a value is put into the session.
pub fn layer(accounts: Arc<dyn AccountStore>, clock: Arc<dyn Clock>, site: &Site) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(Sessions { accounts, clock })
        .with_name(site.session_cookie())
        .with_secure(site.secure())
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(time::Duration::days(INACTIVITY_DAYS_MAX)))
}

/// The hash of a token; the database does not store the token itself.
pub fn token_hash(token: Id) -> String {
    hex::encode(Sha256::digest(token.to_string()))
}

fn stored(record: &Record) -> Result<StoredSession> {
    let data = serde_json::to_string(&record.data).map_err(|error| Error::Encode(error.to_string()))?;
    let expires_at = Timestamp::from_second(record.expiry_date.unix_timestamp());
    let expires_at = expires_at.map_err(|error| Error::Encode(error.to_string()))?;
    let user_id = record.data.get(USER).and_then(|user| user.as_str()?.parse().ok());
    Ok(StoredSession { token_hash: token_hash(record.id), user_id, data, expires_at })
}

fn backend(error: impl fmt::Display) -> Error {
    Error::Backend(error.to_string())
}

#[async_trait]
impl SessionStore for Sessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        for _ in 0..DRAWS_MAX {
            if self.accounts.insert_session(&stored(record)?).await.map_err(backend)? {
                return Ok(());
            }
            record.id = Id::default();
        }
        Err(backend("every session id drawn was taken"))
    }

    /// Updates only: a session that was ended in the meantime stays ended.
    async fn save(&self, record: &Record) -> Result<()> {
        let session = stored(record)?;
        let alive = self.accounts.session(&session.token_hash, self.clock.now()).await.map_err(backend)?;
        if alive.is_some() {
            self.accounts.save_session(&session).await.map_err(backend)?;
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let session = self.accounts.session(&token_hash(*id), self.clock.now()).await.map_err(backend)?;
        let Some(session) = session else { return Ok(None) };
        let data = serde_json::from_str(&session.data).map_err(|error| Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(session.expires_at.as_second());
        let expiry_date = expiry_date.map_err(|error| Error::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.accounts.delete_session(&token_hash(*id)).await.map_err(backend)
    }
}
