//! Issuing receipts.

use super::{Billing, BillingError};
use crate::{
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
};

/// How many receipts are numbered in one transaction. It holds the lock on the seller's numbers until it commits.
pub const RECEIPTS_AT_ONCE: u32 = 500;

impl Billing {
    /// The receipt of a purchase; `None` while it is not paid. Issues the receipt if it has no number yet, and those of
    /// the purchases that were paid before it.
    pub async fn receipt(&self, purchase: &Purchase, issuer: &Issuer) -> Result<Option<Receipt>, BillingError> {
        if purchase.state.paid_at().is_none() {
            return Ok(None);
        }
        let mut left = true;
        loop {
            if let Some(receipt) = self.store.receipt(purchase.tenant_id, purchase.id).await? {
                return Ok(Some(receipt));
            }
            if !left {
                return Err(BillingError::Contended);
            }
            left = self.number_receipts(issuer).await? > 0;
        }
    }

    /// For the operator: starts a new series of the seller's receipt numbers. Needed after a back-up was restored,
    /// because the database does not know the numbers that were issued after the back-up. The series is named after the
    /// current time, so that restoring the same back-up twice gives two different series.
    pub async fn begin_receipt_series(&self, seller: &Seller) -> Result<ReceiptSeries, BillingError> {
        let series = ReceiptSeries::begun_at(self.now());
        self.store.begin_receipt_series(seller, series).await?;
        Ok(series)
    }

    /// Issues the missing receipts of paid purchases in the order of payment, at most [`RECEIPTS_AT_ONCE`]. Returns how
    /// many.
    pub async fn number_receipts(&self, issuer: &Issuer) -> Result<u32, BillingError> {
        Ok(self.store.number_receipts(issuer, self.now(), RECEIPTS_AT_ONCE).await?)
    }
}
