//! The port that keeps declarations of withdrawal.

use async_trait::async_trait;

use super::error::StoreError;
use crate::{
    account::EmailAddress,
    ids::{PurchaseId, TenantId, WithdrawalId},
    withdrawal::Withdrawal,
};

/// Stores declarations of withdrawal, and never deletes one.
#[async_trait]
pub trait WithdrawalStore: Send + Sync {
    /// Writes a declaration and, in the same transaction, the mail that acknowledges it.
    async fn insert_withdrawal(&self, withdrawal: &Withdrawal) -> Result<(), StoreError>;

    /// The tenant of a purchase, if the account with this e-mail address ordered it.
    async fn purchase_ordered_by(&self, email: &EmailAddress, id: PurchaseId) -> Result<Option<TenantId>, StoreError>;

    /// The declaration with this id. Only the consumer has it, and it cannot be guessed.
    async fn withdrawal(&self, id: WithdrawalId) -> Result<Option<Withdrawal>, StoreError>;

    /// For the operator: the newest declarations.
    async fn withdrawals(&self, limit: u32) -> Result<Vec<Withdrawal>, StoreError>;

    /// For the operator: the newest declarations about the tenant's purchases.
    async fn tenant_withdrawals(&self, tenant: TenantId, limit: u32) -> Result<Vec<Withdrawal>, StoreError>;
}
