//! The platform's names for tenants.

use async_trait::async_trait;
use billing::{
    ids::TenantId,
    money::Credits,
    store::{StoreError, TenantStore, UpsertedTenant},
    tenant::{ExternalId, Tenant, TenantProfile},
};
use jiff::Timestamp;

use super::{
    row::{instant, micros, parse},
    store_error,
};
use crate::{
    ThisStore,
    dialect::{Connection, lock_address},
};

struct TenantRow {
    tenant_id: String,
    external_id: String,
    email: Option<String>,
    name: Option<String>,
    low_balance: Option<i64>,
    created_at: i64,
}

impl TryFrom<TenantRow> for Tenant {
    type Error = StoreError;

    fn try_from(row: TenantRow) -> Result<Self, StoreError> {
        let external_id = ExternalId::try_from(row.external_id);
        Ok(Self {
            id: parse("tenant_id", &row.tenant_id)?,
            external_id: external_id.map_err(|_| StoreError::Corrupt("column external_id".to_owned()))?,
            email: row.email.map(|email| parse("email", &email)).transpose()?,
            name: row.name,
            low_balance: row.low_balance.map(Credits),
            created_at: instant(row.created_at)?,
        })
    }
}

macro_rules! select_tenant {
    ($external_id:expr) => {
        sqlx::query_as!(
            TenantRow,
            r#"SELECT tenant_id AS "tenant_id!", external_id AS "external_id!", email, name, low_balance,
                created_at AS "created_at!"
            FROM platform_tenants WHERE external_id = $1"#,
            $external_id
        )
    };
}

#[async_trait]
impl TenantStore for ThisStore {
    async fn upsert_tenant(
        &self,
        external_id: &ExternalId,
        profile: &TenantProfile,
        new: TenantId,
        now: Timestamp,
    ) -> Result<UpsertedTenant, StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        let created = upsert(&mut transaction, external_id, profile, new, now).await.map_err(store_error)?;
        let row = select_tenant!(external_id.as_str()).fetch_one(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(UpsertedTenant { tenant: row.try_into()?, created })
    }

    async fn tenant_by_external_id(&self, external_id: &ExternalId) -> Result<Option<Tenant>, StoreError> {
        let row = select_tenant!(external_id.as_str()).fetch_optional(self.reader()).await.map_err(store_error)?;
        row.map(Tenant::try_from).transpose()
    }
}

async fn upsert(
    connection: &mut Connection,
    external_id: &ExternalId,
    profile: &TenantProfile,
    new: TenantId,
    now: Timestamp,
) -> Result<bool, sqlx::Error> {
    if update(connection, external_id, profile).await? {
        return Ok(false);
    }
    if let Some(email) = &profile.email {
        lock_address(connection, email).await?;
    }
    let account = sqlx::query_scalar!(
        r#"SELECT users.tenant_id AS "tenant_id!" FROM users
        WHERE users.email = $1
            AND NOT EXISTS (SELECT 1 FROM platform_tenants WHERE platform_tenants.tenant_id = users.tenant_id)"#,
        profile.email.as_ref().map(billing::account::EmailAddress::as_str)
    )
    .fetch_optional(&mut *connection)
    .await?;
    let tenant = if let Some(tenant) = account {
        tenant
    } else {
        sqlx::query!("INSERT INTO tenants (id, created_at) VALUES ($1, $2)", new.to_string(), micros(now))
            .execute(&mut *connection)
            .await?;
        new.to_string()
    };
    // Of two calls at once, the second one waits here for the first one's commit.
    let inserted = sqlx::query!(
        "INSERT INTO platform_tenants (tenant_id, external_id, email, name, low_balance, created_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        tenant,
        external_id.as_str(),
        profile.email.as_ref().map(billing::account::EmailAddress::as_str),
        profile.name,
        profile.low_balance.map(|credits| credits.0),
        micros(now)
    )
    .execute(&mut *connection)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(true);
    }
    sqlx::query!("DELETE FROM tenants WHERE id = $1", new.to_string()).execute(&mut *connection).await?;
    update(connection, external_id, profile).await?;
    Ok(false)
}

async fn update(
    connection: &mut Connection,
    external_id: &ExternalId,
    profile: &TenantProfile,
) -> Result<bool, sqlx::Error> {
    let updated = sqlx::query!(
        "UPDATE platform_tenants
        SET email = COALESCE($2, email), name = COALESCE($3, name), low_balance = COALESCE($4, low_balance)
        WHERE external_id = $1",
        external_id.as_str(),
        profile.email.as_ref().map(billing::account::EmailAddress::as_str),
        profile.name,
        profile.low_balance.map(|credits| credits.0)
    )
    .execute(connection)
    .await?;
    Ok(updated.rows_affected() == 1)
}
