//! Refunds and disputes as the provider shows them at one moment.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A refund or dispute as the provider shows it. Amounts are in the currency's smallest unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Snapshot {
    /// A charge's cumulative `amount_refunded`.
    RefundedTotal {
        /// The charge: `ch_…`.
        provider_ref: String,
        /// All that has been refunded of it.
        amount: i64,
    },
    /// One refund.
    Refund(RefundSnapshot),
    /// One dispute.
    Dispute(DisputeSnapshot),
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundSnapshot {
    /// Its id: `re_…`, `pyr_…`.
    pub provider_ref: String,
    /// What is refunded.
    pub amount: i64,
    /// Whether it still stands.
    pub state: RefundState,
    /// When the provider made it, in seconds since 1970, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
}

/// Whether a refund stands, in the order in which it can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundState {
    /// Under way or done.
    Standing,
    /// Failed or cancelled: the money stays here.
    Failed,
}

/// One dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredDispute")]
pub struct DisputeSnapshot {
    /// Its id: `dp_…`, `du_…`.
    pub provider_ref: String,
    /// What is disputed.
    pub amount: i64,
    /// What the bank has of it now.
    pub withdrawn: i64,
    /// Where it stands.
    pub state: DisputeState,
    /// When the provider opened it, in seconds since 1970, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
}

impl DisputeSnapshot {
    /// A dispute whose whole amount is where its state says: with the bank or here.
    pub fn new(provider_ref: String, amount: i64, state: DisputeState) -> Self {
        let withdrawn = if state == DisputeState::Withdrawn { amount } else { 0 };
        Self { provider_ref, amount, withdrawn, state, made_at: None }
    }
}

/// A dispute as it is stored; rows from before partial reinstatements have no `withdrawn`.
#[derive(Deserialize)]
struct StoredDispute {
    provider_ref: String,
    amount: i64,
    withdrawn: Option<i64>,
    state: DisputeState,
    made_at: Option<i64>,
}

impl From<StoredDispute> for DisputeSnapshot {
    fn from(StoredDispute { provider_ref, amount, withdrawn, state, made_at }: StoredDispute) -> Self {
        let whole = Self::new(provider_ref, amount, state);
        Self { withdrawn: withdrawn.unwrap_or(whole.withdrawn), made_at, ..whole }
    }
}

/// Where a dispute stands, in the order in which it can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DisputeState {
    /// An inquiry by the bank (`warning_…`); no money has moved.
    Inquiry,
    /// The money is withdrawn: while the dispute is open, and for good when it is lost.
    Withdrawn,
    /// The money is back, all of it or a part.
    Reinstated,
}

/// When a snapshot was observed: by the provider's clock, and then by the shop's, since the provider's events bear
/// whole seconds. Microseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct ObservedAt {
    observed_at: i64,
    received_at: i64,
}

impl ObservedAt {
    /// `made_at` is when the provider wrote the snapshot, `received_at` when the shop got it.
    pub fn new(made_at: Timestamp, received_at: Timestamp) -> Self {
        Self { observed_at: made_at.as_microsecond(), received_at: received_at.as_microsecond() }
    }

    pub(super) fn received_at(self) -> i64 {
        self.received_at
    }
}
