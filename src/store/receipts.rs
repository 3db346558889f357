//! The port that numbers and keeps receipts.

use async_trait::async_trait;
use jiff::Timestamp;

use super::error::StoreError;
use crate::{
    ids::{PurchaseId, TenantId},
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
};

/// Numbers and keeps receipts.
#[async_trait]
pub trait ReceiptStore: Send + Sync {
    /// Begins a new series of a seller's receipt numbers, which those given from now on are of.
    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError>;

    /// Gives receipts to up to `limit` paid purchases of any tenants that have none, those paid first first: the next
    /// numbers of the seller's newest series, all in one transaction, so that no number is ever skipped. Two callers
    /// take turns. Tells how many it were.
    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The receipt of one of the tenant's purchases, once it is issued.
    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError>;
}
