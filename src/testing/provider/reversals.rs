//! Refunds and disputes at the scripted provider.

use super::{Books, ScriptedProvider};
use crate::{
    clock::Clock,
    event::{EventMeaning, ReversalUpdate},
    ids::PurchaseId,
    provider::{PaymentRecord, PaymentStatus},
    reversal::{DisputeSnapshot, DisputeState, RefundSnapshot, RefundState, Snapshot},
    testing::lock,
};

impl ScriptedProvider {
    /// Refunds a part of a payment, at most its remainder.
    pub fn refund(&self, purchase: PurchaseId, cents: i64) {
        let mut books = lock(&self.books);
        let Some(paid) = paid(&books, purchase) else { return };
        let amount = cents.min(paid - refunded(&books, purchase));
        if amount <= 0 {
            return;
        }
        let provider_ref = format!("re_{purchase}_{}", snapshots(&books, purchase).len());
        let refund = RefundSnapshot { provider_ref, amount, state: RefundState::Standing, made_at: None };
        self.keep(&mut books, purchase, Snapshot::Refund(refund));
        // Like Stripe, notifies a second time, with the charge's total.
        let figure = Snapshot::RefundedTotal { provider_ref: charge(purchase), amount: refunded(&books, purchase) };
        self.tell_reversal(&mut books, purchase, figure);
    }

    /// The newest refund that stands fails.
    pub fn fail_refund(&self, purchase: PurchaseId) {
        let mut books = lock(&self.books);
        let standing = snapshots(&books, purchase).iter().rev().find_map(|snapshot| match snapshot {
            Snapshot::Refund(refund) if refund.state == RefundState::Standing => Some(refund.clone()),
            _ => None,
        });
        if let Some(refund) = standing {
            self.keep(&mut books, purchase, Snapshot::Refund(RefundSnapshot { state: RefundState::Failed, ..refund }));
        }
    }

    /// Opens the dispute of a payment, corrects its amount, or moves it to a later state.
    pub fn dispute(&self, purchase: PurchaseId, cents: i64, state: DisputeState) {
        let amount = |known: Option<&DisputeSnapshot>| match (known, state) {
            // A closed dispute keeps its amount.
            (Some(known), DisputeState::Reinstated) => known.amount,
            _ => cents,
        };
        self.move_dispute(purchase, state, |known, provider_ref| {
            DisputeSnapshot::new(provider_ref, amount(known), state)
        });
    }

    /// Closes the dispute of a payment; the bank keeps a part of it.
    pub fn reinstate_in_part(&self, purchase: PurchaseId, kept_cents: i64) {
        let state = DisputeState::Reinstated;
        self.move_dispute(purchase, state, |known, provider_ref| {
            let amount = known.map_or(kept_cents, |known| known.amount);
            DisputeSnapshot { withdrawn: kept_cents.min(amount), ..DisputeSnapshot::new(provider_ref, amount, state) }
        });
    }

    fn move_dispute(
        &self,
        purchase: PurchaseId,
        state: DisputeState,
        next: impl FnOnce(Option<&DisputeSnapshot>, String) -> DisputeSnapshot,
    ) {
        let mut books = lock(&self.books);
        if paid(&books, purchase).is_none() {
            return;
        }
        let known = snapshots(&books, purchase).iter().find_map(|snapshot| match snapshot {
            Snapshot::Dispute(dispute) => Some(dispute.clone()),
            _ => None,
        });
        let next = next(known.as_ref(), format!("dp_{purchase}"));
        if known.is_none_or(|known| known.state <= state && known != next) {
            self.keep(&mut books, purchase, Snapshot::Dispute(next));
        }
    }

    /// The refunds and disputes of a purchase's payment.
    pub fn snapshots(&self, purchase: PurchaseId) -> Vec<Snapshot> {
        snapshots(&lock(&self.books), purchase).to_vec()
    }

    pub(super) fn record(&self, payment_ref: &str) -> Option<PaymentRecord> {
        let books = lock(&self.books);
        let named = |session: &&super::Payment| session.session.payment_ref.as_deref() == Some(payment_ref);
        let payment = books.payments.values().find(named)?;
        Some(PaymentRecord {
            payment_ref: payment_ref.to_owned(),
            livemode: false,
            purchase_id: payment.session.purchase_id,
            tenant_id: payment.session.tenant_id,
            observed_at: self.clock.now(),
            snapshots: payment.snapshots.clone(),
            unreadable: None,
        })
    }

    /// Stores a snapshot in place of the earlier one, and creates its notification.
    fn keep(&self, books: &mut Books, purchase: PurchaseId, snapshot: Snapshot) {
        if let Some(payment) = books.payments.get_mut(&purchase) {
            match payment.snapshots.iter_mut().find(|known| name(known) == name(&snapshot)) {
                Some(known) => *known = snapshot.clone(),
                None => payment.snapshots.push(snapshot.clone()),
            }
        }
        self.tell_reversal(books, purchase, snapshot);
    }

    fn tell_reversal(&self, books: &mut Books, purchase: PurchaseId, snapshot: Snapshot) {
        let update = ReversalUpdate {
            payment_ref: Some(format!("pi_{purchase}")),
            charge_ref: Some(charge(purchase)),
            purchase_id: Some(purchase),
            livemode: false,
            made_at: Some(self.clock.now()),
            snapshots: vec![snapshot],
            unreadable: None,
        };
        self.tell(books, purchase, EventMeaning::Reversal(update));
    }
}

fn charge(purchase: PurchaseId) -> String {
    format!("ch_{purchase}")
}

fn name(snapshot: &Snapshot) -> &str {
    match snapshot {
        Snapshot::RefundedTotal { provider_ref, .. } => provider_ref,
        Snapshot::Refund(refund) => &refund.provider_ref,
        Snapshot::Dispute(dispute) => &dispute.provider_ref,
    }
}

fn snapshots(books: &Books, purchase: PurchaseId) -> &[Snapshot] {
    books.payments.get(&purchase).map_or(&[], |payment| &payment.snapshots)
}

/// The amount paid; `None` for an unpaid purchase.
fn paid(books: &Books, purchase: PurchaseId) -> Option<i64> {
    let session = &books.payments.get(&purchase)?.session;
    session.amount_total.filter(|_| session.payment == PaymentStatus::Paid)
}

fn refunded(books: &Books, purchase: PurchaseId) -> i64 {
    let standing = |snapshot: &Snapshot| match snapshot {
        Snapshot::Refund(refund) if refund.state == RefundState::Standing => Some(refund.amount),
        _ => None,
    };
    snapshots(books, purchase).iter().filter_map(standing).sum()
}
