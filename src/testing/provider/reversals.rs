//! What goes back of a payment.

use super::{Books, ScriptedProvider};
use crate::{
    event::{EventMeaning, ReversalUpdate},
    ids::PurchaseId,
    provider::{PaymentRecord, PaymentStatus},
    reversal::{DisputeSnapshot, DisputeState, RefundSnapshot, RefundState, Snapshot},
    testing::lock,
};

impl ScriptedProvider {
    /// A part of a payment goes back, at most what is left of it.
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
        // As Stripe does, once more, by the charge's figure.
        let figure = Snapshot::RefundedTotal { provider_ref: charge(purchase), amount: refunded(&books, purchase) };
        let news = news(purchase, figure);
        self.tell(&mut books, purchase, news);
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

    /// The one dispute of a payment is opened, or goes on; never back. Its amount is the first that is given.
    pub fn dispute(&self, purchase: PurchaseId, cents: i64, state: DisputeState) {
        let mut books = lock(&self.books);
        if paid(&books, purchase).is_none() {
            return;
        }
        let known = snapshots(&books, purchase).iter().find_map(|snapshot| match snapshot {
            Snapshot::Dispute(dispute) => Some(dispute.clone()),
            _ => None,
        });
        let dispute = DisputeSnapshot { provider_ref: format!("dp_{purchase}"), amount: cents, state, made_at: None };
        let dispute = match known {
            Some(known) if known.state >= state => return,
            Some(known) => DisputeSnapshot { state, ..known },
            None => dispute,
        };
        self.keep(&mut books, purchase, Snapshot::Dispute(dispute));
    }

    /// Each refund and dispute of a purchase's payment as it stands.
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
            snapshots: payment.snapshots.clone(),
            unreadable: None,
        })
    }

    /// Writes a snapshot down, over what it was before, and makes its notification.
    fn keep(&self, books: &mut Books, purchase: PurchaseId, snapshot: Snapshot) {
        if let Some(payment) = books.payments.get_mut(&purchase) {
            match payment.snapshots.iter_mut().find(|known| name(known) == name(&snapshot)) {
                Some(known) => *known = snapshot.clone(),
                None => payment.snapshots.push(snapshot.clone()),
            }
        }
        self.tell(books, purchase, news(purchase, snapshot));
    }
}

fn charge(purchase: PurchaseId) -> String {
    format!("ch_{purchase}")
}

fn news(purchase: PurchaseId, snapshot: Snapshot) -> EventMeaning {
    EventMeaning::Reversal(ReversalUpdate {
        payment_ref: Some(format!("pi_{purchase}")),
        charge_ref: Some(charge(purchase)),
        purchase_id: Some(purchase),
        livemode: false,
        snapshots: vec![snapshot],
        unreadable: None,
    })
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

/// What was paid, if it was.
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
