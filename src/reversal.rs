//! Refunds and disputes, and how many credits they take.
//!
//! A purchase keeps the newest [`Snapshot`] of each refund and dispute of its payment. A snapshot is newer if its state
//! is a later one (a refund stands, then fails; a dispute is withdrawn, then reinstated) or, in the same state, if it
//! was observed later. So the same snapshots give the same result in any order, however often they come. The credits
//! taken are a function of the kept snapshots; each snapshot that changes them makes one [`Posting`] of the difference,
//! under an effect key of its own.

mod kept;
mod snapshot;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use self::kept::{Kept, Tracked, find, keep_newest};
pub use self::snapshot::{DisputeSnapshot, DisputeState, ObservedAt, RefundSnapshot, RefundState, Snapshot};
use crate::{ledger::EntryKind, money::Credits};

/// A refund or dispute, as a receipt lists it. The refunds that stand add up to [`Reversals::refunded`], unless more
/// was refunded than was paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// Its kind and state.
    pub kind: ReturnKind,
    /// In the currency's smallest unit; positive.
    pub amount: i64,
    /// The effect key of its first ledger entry ([`Posting::effect_ref`]), if it has one.
    pub effect_ref: String,
    /// When it was created, in seconds since 1970, if the provider says so.
    pub made_at: Option<i64>,
}

/// The kind and state of a [`Return`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReturnKind {
    /// A refund that stands.
    Refund,
    /// A refund that failed; the shop keeps the money.
    RefundFailed,
    /// An inquiry by the bank; no money moved.
    Inquiry,
    /// The amount of a dispute that the bank has withdrawn.
    Dispute,
    /// The amount of a dispute that the bank has returned.
    DisputeWon,
}

/// A difference to be booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The kind of its entry.
    pub kind: EntryKind,
    /// The key under which the effect is booked once. After a change of state, it is the id of the refund or dispute;
    /// after a change of its amount, the id with the new amount and the time of the observation
    /// (`du_1:699@1767225600000000`); for a charge's total, the charge's id with the total.
    pub effect_ref: String,
    /// Negative when credits are taken, positive when they are returned; never zero.
    pub credits: Credits,
}

/// All refunds and disputes of one purchase's payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Reversals {
    refunded_totals: Vec<(String, i64)>,
    refunds: Vec<Kept<RefundSnapshot>>,
    disputes: Vec<Kept<DisputeSnapshot>>,
}

/// The price and credits of a purchase: `amount` cents bought `credits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sold {
    /// The credits booked.
    pub credits: Credits,
    /// The amount paid, in the currency's smallest unit; positive.
    pub amount: i64,
}

impl Reversals {
    /// Keeps a snapshot, unless a newer one of the same refund or dispute is known. A charge's total keeps its maximum;
    /// failed refunds are subtracted from it elsewhere.
    pub fn record(&mut self, snapshot: &Snapshot, observed: ObservedAt) {
        match snapshot {
            Snapshot::RefundedTotal { provider_ref, amount } => {
                match self.refunded_totals.iter_mut().find(|(known, _)| known == provider_ref) {
                    Some((_, highest)) => *highest = (*highest).max(*amount),
                    None if *amount > 0 => self.refunded_totals.push((provider_ref.clone(), *amount)),
                    None => {}
                }
            }
            Snapshot::Refund(refund) => keep_newest(&mut self.refunds, refund, observed),
            Snapshot::Dispute(dispute) => keep_newest(&mut self.disputes, dispute, observed),
        }
    }

    /// Records snapshots of a paid purchase. Returns the postings that they cause.
    pub fn record_and_post(&mut self, snapshots: &[Snapshot], observed: ObservedAt, sold: Sold) -> Vec<Posting> {
        snapshots.iter().filter_map(|snapshot| self.record_one(snapshot, observed, sold)).collect()
    }

    /// The postings for snapshots that were recorded before the purchase was paid.
    pub fn postings(&self, sold: Sold) -> Vec<Posting> {
        let mut booked = Self::default();
        self.kept()
            .iter()
            .filter_map(|Kept { snapshot, observed }| booked.record_one(snapshot, *observed, sold))
            .collect()
    }

    fn record_one(&mut self, snapshot: &Snapshot, observed: ObservedAt, sold: Sold) -> Option<Posting> {
        let taken_before = self.credits_taken(sold);
        let key = self.effect_keys(snapshot, observed);
        self.record(snapshot, observed);
        let credits = Credits(taken_before.0 - self.credits_taken(sold).0);
        let (kind, effect_ref) = match credits.0 {
            0 => return None,
            ..0 => key.takes,
            1.. => key.gives_back,
        };
        Some(Posting { kind, effect_ref, credits })
    }

    /// Each state is entered once, so the id alone identifies a change of state. Other changes need the snapshot's
    /// amount and time.
    fn effect_keys(&self, snapshot: &Snapshot, observed: ObservedAt) -> EffectKeys {
        match snapshot {
            Snapshot::RefundedTotal { provider_ref, amount } => {
                let key = format!("{provider_ref}:{amount}");
                EffectKeys { takes: (EntryKind::Refund, key.clone()), gives_back: (EntryKind::RefundReversal, key) }
            }
            Snapshot::Refund(refund) => {
                let before = find(&self.refunds, &refund.provider_ref).map(|known| known.state);
                let key = refund.effect_key(before != Some(refund.state), refund.amount, observed);
                EffectKeys { takes: (EntryKind::Refund, key.clone()), gives_back: (EntryKind::RefundReversal, key) }
            }
            Snapshot::Dispute(dispute) => {
                let before = find(&self.disputes, &dispute.provider_ref).map(|known| known.state);
                let moved = before != Some(dispute.state);
                // A partial reinstatement can also mean that more was withdrawn than was known; the plain id is used by
                // then.
                let first_withdrawal = moved && before != Some(DisputeState::Withdrawn);
                EffectKeys {
                    takes: (EntryKind::Dispute, dispute.effect_key(first_withdrawal, dispute.withdrawn, observed)),
                    gives_back: (EntryKind::DisputeReversal, dispute.effect_key(moved, dispute.withdrawn, observed)),
                }
            }
        }
    }

    /// Each refund and dispute, in the order in which they became known. The part of a charge's total that the single
    /// refunds do not explain is listed as a refund too.
    pub fn returns(&self) -> Vec<Return> {
        let refunds = self.refunds.iter().map(|Kept { snapshot: refund, .. }| {
            let kind = match refund.state {
                RefundState::Standing => ReturnKind::Refund,
                RefundState::Failed => ReturnKind::RefundFailed,
            };
            let effect_ref = refund.provider_ref.clone();
            Return { kind, amount: refund.amount, effect_ref, made_at: refund.made_at }
        });
        // The total still contains refunds that failed after it was reported.
        let known = self.refunds.iter().map(|refund| refund.snapshot.amount).fold(0, i64::saturating_add);
        let charged = self.refunded_totals.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
        let unnamed = charged.saturating_sub(known);
        let newest = self.refunded_totals.last().filter(|_| unnamed > 0);
        let unnamed = newest.map(|(charge, total)| Return {
            kind: ReturnKind::Refund,
            amount: unnamed,
            effect_ref: format!("{charge}:{total}"),
            made_at: None,
        });
        let disputes = self.disputes.iter().flat_map(|Kept { snapshot: dispute, .. }| {
            let listed = |kind, amount| {
                let effect_ref = dispute.provider_ref.clone();
                Return { kind, amount, effect_ref, made_at: dispute.made_at }
            };
            let withdrawn = (dispute.withdrawn > 0).then(|| listed(ReturnKind::Dispute, dispute.withdrawn));
            let here = dispute.amount.saturating_sub(dispute.withdrawn);
            let here = match dispute.state {
                DisputeState::Inquiry => Some(listed(ReturnKind::Inquiry, dispute.amount)),
                DisputeState::Reinstated if here > 0 => Some(listed(ReturnKind::DisputeWon, here)),
                DisputeState::Withdrawn | DisputeState::Reinstated => None,
            };
            withdrawn.into_iter().chain(here)
        });
        refunds.chain(unnamed).chain(disputes).collect()
    }

    /// The amount of the refunds that did not fail, at most the amount paid.
    ///
    /// The provider reports refunds one by one or as the charge's cumulative total. The total still contains refunds
    /// that failed after it was reported.
    pub fn refunded(&self, sold: Sold) -> i64 {
        let sum = |state: RefundState| -> i64 {
            let refunds = self.refunds.iter().map(|refund| &refund.snapshot).filter(|refund| refund.state == state);
            refunds.map(|refund| refund.amount).fold(0, i64::saturating_add)
        };
        let charged: i64 = self.refunded_totals.iter().map(|(_, amount)| *amount).fold(0, i64::saturating_add);
        let by_total = charged.saturating_sub(sum(RefundState::Failed));
        by_total.max(sum(RefundState::Standing)).clamp(0, sold.amount)
    }

    /// The credits taken in all: `floor(credits * gone / amount)`, where `gone` is the sum of refunds and withdrawn
    /// disputes, at most the amount paid. So a refund and a dispute of the same payment take its credits once.
    pub fn credits_taken(&self, sold: Sold) -> Credits {
        let disputed = self.disputes.iter().map(|dispute| dispute.snapshot.withdrawn).fold(0, i64::saturating_add);
        let gone = self.refunded(sold).saturating_add(disputed).clamp(0, sold.amount);
        // In i128 the product cannot overflow, and the quotient is at most `credits`.
        let taken = i128::from(sold.credits.0) * i128::from(gone) / i128::from(sold.amount.max(1));
        Credits(i64::try_from(taken).unwrap_or(sold.credits.0))
    }

    /// Whether the bank holds money of the payment: the dispute is open, lost, or reinstated in part.
    pub fn is_disputed(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.snapshot.withdrawn > 0)
    }

    /// Whether both have the same refunds and disputes, whatever the times of observation.
    pub fn agrees_with(&self, other: &Self) -> bool {
        fn same<S: PartialEq>(one: &[Kept<S>], other: &[Kept<S>]) -> bool {
            one.iter().map(|kept| &kept.snapshot).eq(other.iter().map(|kept| &kept.snapshot))
        }
        self.refunded_totals == other.refunded_totals
            && same(&self.refunds, &other.refunds)
            && same(&self.disputes, &other.disputes)
    }

    /// Whether there is neither a refund nor a dispute.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn kept(&self) -> Vec<Kept<Snapshot>> {
        let totals = self.refunded_totals.iter().map(|(provider_ref, amount)| Kept {
            snapshot: Snapshot::RefundedTotal { provider_ref: provider_ref.clone(), amount: *amount },
            observed: ObservedAt::default(),
        });
        let refunds = self.refunds.iter().cloned();
        let refunds =
            refunds.map(|Kept { snapshot, observed }| Kept { snapshot: Snapshot::Refund(snapshot), observed });
        let disputes = self.disputes.iter().cloned();
        let disputes =
            disputes.map(|Kept { snapshot, observed }| Kept { snapshot: Snapshot::Dispute(snapshot), observed });
        // Failed refunds come last, because they are subtracted from the totals.
        let mut kept: Vec<Kept<Snapshot>> = totals.chain(refunds).chain(disputes).collect();
        kept.sort_by_key(
            |kept| matches!(&kept.snapshot, Snapshot::Refund(refund) if refund.state == RefundState::Failed),
        );
        kept
    }
}

/// The kind and key of a snapshot's posting, by its sign.
struct EffectKeys {
    takes: (EntryKind, String),
    gives_back: (EntryKind, String),
}
