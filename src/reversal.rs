//! Money that goes back: refunds, disputes, and how many credits they take.
//!
//! What the provider says about a purchase's money is kept as *snapshots*. Each snapshot only ever moves forward (a refund
//! stands, then perhaps fails; a dispute withdraws, then perhaps is won), and learning one twice is learning it once,
//! so the same snapshots in any order, however often repeated, come to the same end. The credits taken are a function of
//! the snapshots; what is booked is the difference that a snapshot makes, under that snapshot's own effect key.

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::{ledger::EntryKind, money::Credits};

/// One thing that the provider says about money that went back. Amounts are in the currency's smallest unit.
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
    /// What goes back.
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
pub struct DisputeSnapshot {
    /// Its id: `dp_…`, `du_…`.
    pub provider_ref: String,
    /// What is disputed.
    pub amount: i64,
    /// Where it stands.
    pub state: DisputeState,
    /// When the provider opened it, in seconds since 1970, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<i64>,
}

/// Where a dispute stands, in the order in which it can move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DisputeState {
    /// A question of the bank's (`warning_…`); no money has moved.
    Inquiry,
    /// The money is withdrawn: while it is open, and for good when it is lost.
    Withdrawn,
    /// It is won, and the money is back.
    Reinstated,
}

/// One refund or dispute, as a receipt lists it. Of these, all that stand come to what went back ([`Reversals::refunded`]),
/// unless more was refunded than was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Which of the two, and how it stands.
    pub kind: ReturnKind,
    /// In the currency's smallest unit; positive.
    pub amount: i64,
    /// The ledger's name for it ([`Posting::effect_ref`]), should it have moved credits.
    pub effect_ref: String,
    /// When it was made, in seconds since 1970, where the provider says so.
    pub made_at: Option<i64>,
}

/// What kind of return, and how it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnKind {
    /// A refund that stands.
    Refund,
    /// A refund that failed; the money stayed here.
    RefundFailed,
    /// A question of the bank's; no money moved.
    Inquiry,
    /// A dispute that is open or lost; the bank has the money.
    Dispute,
    /// A dispute that was won; the money is back.
    DisputeWon,
}

/// A difference to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Why.
    pub kind: EntryKind,
    /// The effect that is booked once: the refund, the dispute, or the charge with its figure.
    pub effect_ref: String,
    /// Negative takes, positive gives back; never zero.
    pub credits: Credits,
}

/// Everything known of the money that went back of one purchase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reversals {
    refunded_totals: Vec<(String, i64)>,
    refunds: Vec<RefundSnapshot>,
    disputes: Vec<DisputeSnapshot>,
}

/// What was sold, as far as taking it back asks: `amount` cents bought `credits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sold {
    /// Credits booked for it.
    pub credits: Credits,
    /// What was paid, in the currency's smallest unit; positive.
    pub amount: i64,
}

impl Reversals {
    /// Takes in a snapshot; one that is known, or older than what is known, changes nothing.
    pub fn record(&mut self, snapshot: &Snapshot) {
        match snapshot {
            Snapshot::RefundedTotal { provider_ref, amount } => {
                match self.refunded_totals.iter_mut().find(|(known, _)| known == provider_ref) {
                    Some((_, highest)) => *highest = (*highest).max(*amount),
                    None if *amount > 0 => self.refunded_totals.push((provider_ref.clone(), *amount)),
                    None => {}
                }
            }
            Snapshot::Refund(refund) => {
                match self.refunds.iter_mut().find(|known| known.provider_ref == refund.provider_ref) {
                    Some(known) => {
                        known.state = known.state.max(refund.state);
                        known.made_at = known.made_at.max(refund.made_at);
                    }
                    None => self.refunds.push(refund.clone()),
                }
            }
            Snapshot::Dispute(dispute) => {
                match self.disputes.iter_mut().find(|known| known.provider_ref == dispute.provider_ref) {
                    Some(known) => {
                        known.state = known.state.max(dispute.state);
                        known.made_at = known.made_at.max(dispute.made_at);
                    }
                    None => self.disputes.push(dispute.clone()),
                }
            }
        }
    }

    /// Takes in snapshots about a purchase that is paid; gives what each makes due.
    pub fn record_and_post(&mut self, snapshots: &[Snapshot], sold: Sold) -> Vec<Posting> {
        let mut postings = Vec::new();
        for snapshot in snapshots {
            let before = self.withdrawn(sold);
            self.record(snapshot);
            let taken = self.withdrawn(sold).0 - before.0;
            if taken != 0 {
                postings.push(posting(snapshot, Credits(-taken)));
            }
        }
        postings
    }

    /// What is due for snapshots that were learnt before the purchase was paid.
    pub fn postings(&self, sold: Sold) -> Vec<Posting> {
        Self::default().record_and_post(&self.snapshots(), sold)
    }

    /// Each refund and each dispute, in the order in which they became known. What a charge's figure counts beyond the
    /// refunds that are known one by one is a refund too.
    pub fn returns(&self) -> Vec<Return> {
        let refunds = self.refunds.iter().map(|refund| {
            let kind = match refund.state {
                RefundState::Standing => ReturnKind::Refund,
                RefundState::Failed => ReturnKind::RefundFailed,
            };
            let effect_ref = refund.provider_ref.clone();
            Return { kind, amount: refund.amount, effect_ref, made_at: refund.made_at }
        });
        // A figure counts refunds that failed after it was given.
        let known = self.refunds.iter().map(|refund| refund.amount).fold(0, i64::saturating_add);
        let charged = self.refunded_totals.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
        let unnamed = charged.saturating_sub(known);
        let newest = self.refunded_totals.last().filter(|_| unnamed > 0);
        let unnamed = newest.map(|(charge, figure)| Return {
            kind: ReturnKind::Refund,
            amount: unnamed,
            effect_ref: format!("{charge}:{figure}"),
            made_at: None,
        });
        let disputes = self.disputes.iter().map(|dispute| {
            let kind = match dispute.state {
                DisputeState::Inquiry => ReturnKind::Inquiry,
                DisputeState::Withdrawn => ReturnKind::Dispute,
                DisputeState::Reinstated => ReturnKind::DisputeWon,
            };
            let effect_ref = dispute.provider_ref.clone();
            Return { kind, amount: dispute.amount, effect_ref, made_at: dispute.made_at }
        });
        refunds.chain(unnamed).chain(disputes).collect()
    }

    /// What has been refunded and not failed, at most what was paid.
    ///
    /// Refunds are known one by one or by the charge's cumulative figure, whichever came; the figure still counts
    /// those that failed after it was given.
    pub fn refunded(&self, sold: Sold) -> i64 {
        let sum = |state: RefundState| -> i64 {
            let amounts = self.refunds.iter().filter(|refund| refund.state == state).map(|refund| refund.amount);
            amounts.fold(0, i64::saturating_add)
        };
        let charged: i64 = self.refunded_totals.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
        let by_figure = charged.saturating_sub(sum(RefundState::Failed));
        by_figure.max(sum(RefundState::Standing)).clamp(0, sold.amount)
    }

    /// How many credits are taken in all: `floor(credits * gone / amount)`, where `gone` is what was refunded and what
    /// is disputed together, at most the amount: a refund and a dispute of the same money take once.
    pub fn withdrawn(&self, sold: Sold) -> Credits {
        let withdrawn = self.disputes.iter().filter(|dispute| dispute.state == DisputeState::Withdrawn);
        let disputed = withdrawn.map(|dispute| dispute.amount).fold(0, i64::saturating_add);
        let gone = self.refunded(sold).saturating_add(disputed).clamp(0, sold.amount);
        // In i128 the product cannot overflow, and the quotient is at most `credits`.
        let taken = i128::from(sold.credits.0) * i128::from(gone) / i128::from(sold.amount.max(1));
        Credits(i64::try_from(taken).unwrap_or(sold.credits.0))
    }

    /// Whether a dispute is open, or lost: the bank has the money.
    pub fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.state == DisputeState::Withdrawn)
    }

    /// Whether nothing ever went back.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn snapshots(&self) -> Vec<Snapshot> {
        let totals = self.refunded_totals.iter().map(|(provider_ref, amount)| Snapshot::RefundedTotal {
            provider_ref: provider_ref.clone(),
            amount: *amount,
        });
        let refunds = self.refunds.iter().cloned().map(Snapshot::Refund);
        let disputes = self.disputes.iter().cloned().map(Snapshot::Dispute);
        // Failed refunds last: they lessen the figures that stand before them.
        let mut snapshots: Vec<Snapshot> = totals.chain(refunds).chain(disputes).collect();
        snapshots.sort_by_key(
            |snapshot| matches!(snapshot, Snapshot::Refund(refund) if refund.state == RefundState::Failed),
        );
        snapshots
    }
}

fn posting(snapshot: &Snapshot, credits: Credits) -> Posting {
    let takes = credits < Credits(0);
    let (kind, effect_ref) = match snapshot {
        Snapshot::RefundedTotal { provider_ref, amount } => (EntryKind::Refund, format!("{provider_ref}:{amount}")),
        Snapshot::Refund(refund) if takes => (EntryKind::Refund, refund.provider_ref.clone()),
        Snapshot::Refund(refund) => (EntryKind::RefundReversal, refund.provider_ref.clone()),
        Snapshot::Dispute(dispute) if takes => (EntryKind::Dispute, dispute.provider_ref.clone()),
        Snapshot::Dispute(dispute) => (EntryKind::DisputeReversal, dispute.provider_ref.clone()),
    };
    Posting { kind, effect_ref, credits }
}
