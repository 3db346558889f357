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
    /// Starts a new series of a seller's receipt numbers. All later numbers belong to it.
    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError>;

    /// Issues receipts for up to `limit` paid purchases of all tenants that have none, in the order of payment, with
    /// the next numbers of the seller's newest series. One transaction, under a lock on the series, so that no number
    /// is skipped. Returns how many.
    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError>;

    /// The receipt of one of the tenant's purchases, once it is issued.
    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError>;
}
