//! Declarations of withdrawal.

use async_trait::async_trait;
use billing::{
    account::EmailAddress,
    ids::{PurchaseId, TenantId, WithdrawalId},
    mail::{NewMail, Topic},
    store::{StoreError, WithdrawalStore},
    withdrawal::{Declaration, Withdrawal},
};

use super::{
    mails,
    row::{instant, micros, owned_purchase, parse},
    store_error,
};
use crate::{ThisStore, dialect::Connection};

struct WithdrawalRow {
    id: String,
    received_at: i64,
    locale: String,
    name: String,
    contract: String,
    email: String,
    tenant_id: Option<String>,
    purchase_id: Option<String>,
    decision: String,
}

impl TryFrom<WithdrawalRow> for Withdrawal {
    type Error = StoreError;

    fn try_from(row: WithdrawalRow) -> Result<Self, StoreError> {
        let purchase = owned_purchase(row.tenant_id.as_deref(), row.purchase_id.as_deref())?;
        Ok(Self {
            id: parse("id", &row.id)?,
            declaration: Declaration { name: row.name, contract: row.contract, email: parse("email", &row.email)? },
            locale: parse("locale", &row.locale)?,
            received_at: instant(row.received_at)?,
            purchase,
            decision: parse("standing", &row.decision)?,
        })
    }
}

macro_rules! select_withdrawals {
    ($after:tt, $($argument:expr),*) => {
        sqlx::query_as!(
            WithdrawalRow,
            r#"SELECT id AS "id!", received_at AS "received_at!", locale AS "locale!", name AS "name!",
                contract AS "contract!", email AS "email!", tenant_id, purchase_id, standing AS "decision!"
            FROM withdrawals "# + $after,
            $($argument),*
        )
    };
}

async fn insert(connection: &mut Connection, withdrawal: &Withdrawal) -> Result<(), sqlx::Error> {
    let Withdrawal { declaration, .. } = withdrawal;
    sqlx::query!(
        "INSERT INTO withdrawals (id, received_at, locale, name, contract, email, tenant_id, purchase_id, standing)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        withdrawal.id.to_string(),
        micros(withdrawal.received_at),
        withdrawal.locale.as_str(),
        declaration.name,
        declaration.contract,
        declaration.email.as_str(),
        withdrawal.purchase.map(|(tenant, _)| tenant.to_string()),
        withdrawal.purchase.map(|(_, purchase)| purchase.to_string()),
        withdrawal.decision.as_str()
    )
    .execute(&mut *connection)
    .await?;
    mails::enqueue(connection, &NewMail::due_at_once(Topic::Withdrawal(withdrawal.id), withdrawal.received_at)).await
}

#[async_trait]
impl WithdrawalStore for ThisStore {
    async fn insert_withdrawal(&self, withdrawal: &Withdrawal) -> Result<(), StoreError> {
        let mut transaction = self.begin().await.map_err(store_error)?;
        insert(&mut transaction, withdrawal).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)
    }

    async fn purchase_ordered_by(&self, email: &EmailAddress, id: PurchaseId) -> Result<Option<TenantId>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT purchases.tenant_id AS "tenant_id!" FROM purchases
            JOIN users ON users.tenant_id = purchases.tenant_id AND users.id = purchases.ordered_by
            WHERE purchases.id = $1 AND users.email = $2"#,
            id.to_string(),
            email.as_str()
        )
        .fetch_optional(self.reader())
        .await
        .map_err(store_error)?;
        row.map(|row| parse("tenant_id", &row.tenant_id)).transpose()
    }

    async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError> {
        let row = select_withdrawals!("WHERE id = $1", id.to_string())
            .fetch_optional(self.reader())
            .await
            .map_err(store_error)?;
        row.map(Withdrawal::try_from).transpose()
    }

    async fn withdrawals(&self, limit: u32) -> Result<Vec<Withdrawal>, StoreError> {
        let rows = select_withdrawals!("ORDER BY id DESC LIMIT $1", i64::from(limit))
            .fetch_all(self.reader())
            .await
            .map_err(store_error)?;
        rows.into_iter().map(Withdrawal::try_from).collect()
    }

    async fn tenant_withdrawals(&self, tenant: TenantId, limit: u32) -> Result<Vec<Withdrawal>, StoreError> {
        let rows =
            select_withdrawals!("WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2", tenant.to_string(), i64::from(limit))
                .fetch_all(self.reader())
                .await
                .map_err(store_error)?;
        rows.into_iter().map(Withdrawal::try_from).collect()
    }
}
