//! Numbering receipts.

use jiff::Timestamp;

use super::Tables;
use crate::{
    purchase::Purchase,
    receipt::{Issuer, Receipt, ReceiptNumber},
};

impl Tables {
    /// Gives numbers to the purchases that were paid first and have none; tells how many.
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
                buyer_email: users[&purchase.ordered_by].caller.email.as_str().to_owned(),
            };
            receipts.insert(purchase.id, receipt);
        }
        u32::try_from(due.len()).unwrap_or(limit)
    }
}
