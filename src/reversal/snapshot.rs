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
        /// The total refunded.
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
    /// The amount refunded.
    pub amount: i64,
    /// Its state.
    pub state: RefundState,
    /// When the provider created it, in seconds since 1970, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
}

/// The state of a refund; it can only move down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundState {
    /// Under way or complete.
    Standing,
    /// Failed or cancelled: the shop keeps the money.
    Failed,
}

/// One dispute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "StoredDispute")]
pub struct DisputeSnapshot {
    /// Its id: `dp_…`, `du_…`.
    pub provider_ref: String,
    /// The amount disputed.
    pub amount: i64,
    /// The amount that the bank holds now.
    pub withdrawn: i64,
    /// Its state.
    pub state: DisputeState,
    /// When the provider opened it, in seconds since 1970, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
}

impl DisputeSnapshot {
    /// A dispute whose whole amount is withdrawn or not, as its state says.
    pub fn new(provider_ref: String, amount: i64, state: DisputeState) -> Self {
        let withdrawn = if state == DisputeState::Withdrawn { amount } else { 0 };
        Self { provider_ref, amount, withdrawn, state, made_at: None }
    }
}

/// A stored dispute; older rows have no `withdrawn`.
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

/// The state of a dispute; it can only move down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DisputeState {
    /// An inquiry by the bank (`warning_…`); no money was withdrawn.
    Inquiry,
    /// The money is withdrawn: for the time being while the dispute is open, for good when it is lost.
    Withdrawn,
    /// The money is back, all of it or a part.
    Reinstated,
}

/// When a snapshot was observed, in microseconds since 1970: by the provider's clock, then by the shop's, because the
/// provider's timestamps are whole seconds.
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
