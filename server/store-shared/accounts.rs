//! Accounts and sign-in sessions.

use async_trait::async_trait;
use billing::{
    account::{Account, EmailAddress, Principal, SessionLookup, StoredSession},
    ids::{TenantId, UserId},
    money::Credits,
    purchase::Purchase,
    store::{AccountStore, InsertedSale, SignUp, StoreError},
    wallet::Funds,
};
use jiff::Timestamp;

use super::{
    purchases,
    row::{instant, micros, parse},
    statements::SessionRow,
    store_error,
};
use crate::{
    ThisStore,
    dialect::{Connection, lock_address},
};

/// `SELECT` of whole users; the rest of the statement and its arguments follow.
macro_rules! select_users {
    ($rest:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            UserRow,
            r#"SELECT id AS "id!", tenant_id AS "tenant_id!", email AS "email!", password_hash AS "password_hash!",
                created_at AS "created_at!"
            FROM users "# + $rest,
            $($argument),+
        )
    };
}

struct UserRow {
    id: String,
    tenant_id: String,
    email: String,
    password_hash: String,
    created_at: i64,
}

impl TryFrom<UserRow> for Account {
    type Error = StoreError;

    fn try_from(row: UserRow) -> Result<Self, StoreError> {
        let principal = Principal {
            tenant_id: parse("tenant_id", &row.tenant_id)?,
            user_id: parse("id", &row.id)?,
            email: parse("email", &row.email)?,
        };
        Ok(Self { principal, password_hash: row.password_hash, created_at: instant(row.created_at)? })
    }
}

impl SessionRow {
    fn read(self) -> Result<(String, SessionLookup), StoreError> {
        let principal = Principal {
            tenant_id: parse("tenant_id", &self.tenant_id)?,
            user_id: parse("id", &self.id)?,
            email: parse("email", &self.email)?,
        };
        let funds = Funds {
            balance: Credits(self.balance_after.unwrap_or(0)),
            held: Credits(self.held),
            seq: self.seq.unwrap_or(0),
        };
        Ok((self.token_hash, SessionLookup { principal, funds, changes: self.changes, data: self.data }))
    }
}

#[async_trait]
impl AccountStore for ThisStore {
    async fn insert_account(&self, account: &Account) -> Result<SignUp, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let outcome = insert_account(&mut transaction, account).await?;
        match outcome {
            SignUp::Created(_) => transaction.commit().await.map_err(store_error)?,
            SignUp::EmailTaken => transaction.rollback().await.map_err(store_error)?,
        }
        Ok(outcome)
    }

    async fn insert_sale(&self, account: &Account, purchase: &Purchase) -> Result<InsertedSale, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        if !insert_missing(&mut transaction, account).await.map_err(store_error)? {
            transaction.rollback().await.map_err(store_error)?;
            return Ok(InsertedSale::EmailTaken);
        }
        purchases::insert(&mut transaction, purchase, None).await?;
        transaction.commit().await.map_err(store_error)?;
        self.changed(purchase.tenant_id);
        Ok(InsertedSale::Yes)
    }

    async fn account_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        let row = select_users!("WHERE email = $1", email.as_str())
            .fetch_optional(self.reader())
            .await
            .map_err(store_error)?;
        row.map(Account::try_from).transpose()
    }

    async fn account(&self, user_id: UserId) -> Result<Option<Account>, StoreError> {
        let row = select_users!("WHERE id = $1", user_id.to_string())
            .fetch_optional(self.reader())
            .await
            .map_err(store_error)?;
        row.map(Account::try_from).transpose()
    }

    async fn set_password(&self, user_id: UserId, password_hash: &str) -> Result<Option<u64>, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let ended = set_password(&mut transaction, user_id, password_hash).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(ended)
    }

    async fn insert_session(&self, session: &StoredSession) -> Result<bool, StoreError> {
        let written = sqlx::query!(
            "INSERT INTO sessions (token_hash, user_id, data, expires_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (token_hash) DO NOTHING",
            session.token_hash,
            session.user_id.map(|id| id.to_string()),
            session.data,
            micros(session.expires_at)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(written.rows_affected() == 1)
    }

    async fn save_session(&self, session: &StoredSession) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE sessions SET user_id = $2, data = $3, expires_at = $4 WHERE token_hash = $1",
            session.token_hash,
            session.user_id.map(|id| id.to_string()),
            session.data,
            micros(session.expires_at)
        )
        .execute(self.writer())
        .await
        .map_err(store_error)?;
        Ok(())
    }

    async fn session(&self, token_hash: &str, now: Timestamp) -> Result<Option<StoredSession>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT token_hash AS "token_hash!", user_id, data AS "data!", expires_at AS "expires_at!"
            FROM sessions WHERE token_hash = $1 AND expires_at > $2"#,
            token_hash,
            micros(now)
        )
        .fetch_optional(self.reader())
        .await
        .map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        let expires_at = instant(row.expires_at)?;
        let user_id = row.user_id.as_deref().map(|id| parse("user_id", id)).transpose()?;
        Ok(Some(StoredSession { token_hash: row.token_hash, user_id, data: row.data, expires_at }))
    }

    async fn lookup_sessions(
        &self,
        token_hashes: &[String],
        now: Timestamp,
    ) -> Result<Vec<(String, SessionLookup)>, StoreError> {
        let rows = self.owners(token_hashes, micros(now)).await.map_err(store_error)?;
        rows.into_iter().map(SessionRow::read).collect()
    }

    async fn delete_session(&self, token_hash: &str) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM sessions WHERE token_hash = $1", token_hash)
            .execute(self.writer())
            .await
            .map_err(store_error)?;
        Ok(())
    }

    async fn delete_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let deleted = sqlx::query!("DELETE FROM sessions WHERE expires_at <= $1", micros(now))
            .execute(self.writer())
            .await
            .map_err(store_error)?;
        Ok(deleted.rows_affected())
    }
}

async fn set_password(
    connection: &mut Connection,
    user_id: UserId,
    password_hash: &str,
) -> Result<Option<u64>, sqlx::Error> {
    let user = user_id.to_string();
    let written = sqlx::query!("UPDATE users SET password_hash = $2 WHERE id = $1", user, password_hash)
        .execute(&mut *connection)
        .await?;
    if written.rows_affected() == 0 {
        return Ok(None);
    }
    let ended = sqlx::query!("DELETE FROM sessions WHERE user_id = $1", user).execute(connection).await?;
    Ok(Some(ended.rows_affected()))
}

async fn insert_account(connection: &mut Connection, account: &Account) -> Result<SignUp, StoreError> {
    let Principal { tenant_id, user_id, email } = &account.principal;
    lock_address(connection, email).await.map_err(store_error)?;
    let tenant_id = match named_tenant(connection, email).await? {
        Some(named) => named,
        None => insert_tenant(connection, *tenant_id, account.created_at).await.map_err(store_error)?,
    };
    let written = sqlx::query!(
        "INSERT INTO users (id, tenant_id, email, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (email) DO NOTHING",
        user_id.to_string(),
        tenant_id.to_string(),
        email.as_str(),
        account.password_hash,
        micros(account.created_at)
    )
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(if written.rows_affected() == 1 { SignUp::Created(tenant_id) } else { SignUp::EmailTaken })
}

/// The tenant that the platform has named with that address and that has no user yet. Its row is locked, so that the
/// platform cannot give it another address, and with it another user, before this one is written.
async fn named_tenant(connection: &mut Connection, email: &EmailAddress) -> Result<Option<TenantId>, StoreError> {
    let tenant = sqlx::query_scalar!(
        r#"UPDATE platform_tenants SET email = email
        WHERE email = $1 AND tenant_id = (
            SELECT named.tenant_id FROM platform_tenants AS named
            WHERE named.email = $1 AND NOT EXISTS (SELECT 1 FROM users WHERE users.tenant_id = named.tenant_id)
            ORDER BY named.created_at, named.tenant_id LIMIT 1
        )
        RETURNING tenant_id AS "tenant_id!""#,
        email.as_str()
    )
    .fetch_optional(connection)
    .await
    .map_err(store_error)?;
    tenant.map(|tenant| parse("tenant_id", &tenant)).transpose()
}

async fn insert_tenant(
    connection: &mut Connection,
    tenant_id: TenantId,
    created_at: Timestamp,
) -> Result<TenantId, sqlx::Error> {
    sqlx::query!("INSERT INTO tenants (id, created_at) VALUES ($1, $2)", tenant_id.to_string(), micros(created_at))
        .execute(connection)
        .await?;
    Ok(tenant_id)
}

/// Inserts the tenant and the user if they are missing; `false` when another account has the user's address.
async fn insert_missing(connection: &mut Connection, account: &Account) -> Result<bool, sqlx::Error> {
    let tenant = account.principal.tenant_id.to_string();
    let user = account.principal.user_id.to_string();
    let created_at = micros(account.created_at);
    sqlx::query!(
        "INSERT INTO tenants (id, created_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        tenant,
        created_at
    )
    .execute(&mut *connection)
    .await?;
    // Without a target, ON CONFLICT covers both the id and the address.
    sqlx::query!(
        "INSERT INTO users (id, tenant_id, email, password_hash, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING",
        user,
        tenant,
        account.principal.email.as_str(),
        account.password_hash,
        created_at
    )
    .execute(&mut *connection)
    .await?;
    let there = sqlx::query_scalar!(r#"SELECT id AS "id!" FROM users WHERE id = $1 AND tenant_id = $2"#, user, tenant);
    Ok(there.fetch_optional(connection).await?.is_some())
}
