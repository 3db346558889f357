//! Issuing receipts.

use super::{Billing, BillingError};
use crate::{
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptSeries, Seller},
};

/// How many receipts get their numbers in one transaction, which has the seller's turn all the while.
pub const RECEIPTS_AT_ONCE: u32 = 500;

impl Billing {
    /// The receipt of a purchase; `None` while it is not paid. Who asks first gets it its number, and whatever was paid
    /// before it as well.
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

    /// For the operator: begins a new series of the seller's receipt numbers, to be done after a back-up was restored,
    /// since the numbers given after it was made are not known. Named after the instant, it is another one each time,
    /// also when the same back-up is restored again.
    pub async fn begin_receipt_series(&self, seller: &Seller) -> Result<ReceiptSeries, BillingError> {
        let series = ReceiptSeries::begun_at(self.now());
        self.store.begin_receipt_series(seller, series).await?;
        Ok(series)
    }

    /// Gives receipts to paid purchases that have none, those paid first first, at most [`RECEIPTS_AT_ONCE`]; tells how
    /// many it were.
    pub async fn number_receipts(&self, issuer: &Issuer) -> Result<u32, BillingError> {
        Ok(self.store.number_receipts(issuer, self.now(), RECEIPTS_AT_ONCE).await?)
    }
}
