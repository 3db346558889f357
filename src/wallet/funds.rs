//! What a tenant has at one moment.

use serde::{Deserialize, Serialize};

use crate::money::Credits;

/// What a tenant has at one moment. Every answer that changes or shows a balance carries it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funds {
    /// The sum of the ledger entries; negative when overdrawn through refunds, disputes and reversals of grants.
    pub balance: Credits,
    /// The rest of all active holds; never negative.
    pub held: Credits,
    /// The number of the newest ledger entry; 0 while there is none.
    pub seq: i64,
}

impl Funds {
    /// What can be spent or held: the balance without the active holds.
    pub fn available(self) -> Credits {
        // A tenant has at most HOLDS_MAX holds of at most Amount::MAX credits each.
        Credits(self.balance.0.saturating_sub(self.held.0))
    }
}
