//! Numbering receipts.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{MemoryStore, Tables, lock, rules, yield_now};
use crate::{
    ids::{PurchaseId, TenantId},
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptNumber, ReceiptSeries, Seller},
    store::{ReceiptStore, StoreError},
};

impl Tables {
    /// Numbers the receipts of up to `limit` purchases, in the order of payment. Returns how many.
    pub(super) fn number_receipts(&mut self, issuer: &Issuer, at: Timestamp, limit: u32) -> u32 {
        let Tables { purchases, receipts, receipt_series, users, .. } = self;
        let due = |purchase: &&mut Purchase| purchase.state.paid_at().is_some() && purchase.receipt_number.is_none();
        let mut due: Vec<_> = purchases.values_mut().filter(due).collect();
        due.sort_by_key(|purchase| (purchase.state.paid_at(), purchase.id));
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let key = issuer.seller.key();
        let series = receipt_series.iter().filter(|(of, _)| *of == key).map(|(_, series)| *series).max();
        let same = |receipt: &&Receipt| receipt.issuer.seller.key() == key && receipt.number.series == series;
        let last = i64::try_from(receipts.values().filter(same).count()).unwrap_or(i64::MAX);
        for (purchase, position) in due.iter_mut().zip(1 + last..) {
            let number = ReceiptNumber { series, position };
            purchase.receipt_number = Some(number);
            purchase.version += 1;
            let receipt = Receipt {
                tenant_id: purchase.tenant_id,
                purchase_id: purchase.id,
                number,
                issued_at: at,
                issuer: issuer.clone(),
                buyer_email: users[&purchase.ordered_by].principal.email.as_str().to_owned(),
            };
            receipts.insert(purchase.id, receipt);
        }
        u32::try_from(due.len()).unwrap_or(limit)
    }
}

#[async_trait]
impl ReceiptStore for MemoryStore {
    async fn begin_receipt_series(&self, seller: &Seller, series: ReceiptSeries) -> Result<(), StoreError> {
        yield_now().await;
        rules::refuse_if(!lock(&self.tables).receipt_series.insert((seller.key(), series)), "receipt_series_pkey")
    }

    async fn number_receipts(&self, issuer: &Issuer, at: Timestamp, limit: u32) -> Result<u32, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).number_receipts(issuer, at, limit))
    }

    async fn receipt(&self, tenant: TenantId, purchase: PurchaseId) -> Result<Option<Receipt>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).receipts.get(&purchase).filter(|receipt| receipt.tenant_id == tenant).cloned())
    }
}
