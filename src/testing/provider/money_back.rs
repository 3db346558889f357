//! What goes back of a payment.

use super::{Books, ScriptedProvider};
use crate::{
    event::{EventMeaning, ReversalNews},
    ids::PurchaseId,
    provider::{PaymentRecord, PaymentStatus},
    reversal::{DisputeFact, DisputeState, Fact, RefundFact, RefundState},
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
        let provider_ref = format!("re_{purchase}_{}", facts(&books, purchase).len());
        let refund = RefundFact { provider_ref, amount, state: RefundState::Standing, made_at: None };
        self.learn(&mut books, purchase, Fact::Refund(refund));
        // As Stripe does, once more, by the charge's figure.
        let figure = Fact::RefundedTotal { provider_ref: charge(purchase), amount: refunded(&books, purchase) };
        let news = news(purchase, figure);
        self.tell(&mut books, purchase, news);
    }

    /// The newest refund that stands fails.
    pub fn fail_refund(&self, purchase: PurchaseId) {
        let mut books = lock(&self.books);
        let standing = facts(&books, purchase).iter().rev().find_map(|fact| match fact {
            Fact::Refund(refund) if refund.state == RefundState::Standing => Some(refund.clone()),
            _ => None,
        });
        if let Some(refund) = standing {
            self.learn(&mut books, purchase, Fact::Refund(RefundFact { state: RefundState::Failed, ..refund }));
        }
    }

    /// The one dispute of a payment is opened, or goes on; never back. Its amount is the first that is given.
    pub fn dispute(&self, purchase: PurchaseId, cents: i64, state: DisputeState) {
        let mut books = lock(&self.books);
        if paid(&books, purchase).is_none() {
            return;
        }
        let known = facts(&books, purchase).iter().find_map(|fact| match fact {
            Fact::Dispute(dispute) => Some(dispute.clone()),
            _ => None,
        });
        let dispute = DisputeFact { provider_ref: format!("dp_{purchase}"), amount: cents, state, made_at: None };
        let dispute = match known {
            Some(known) if known.state >= state => return,
            Some(known) => DisputeFact { state, ..known },
            None => dispute,
        };
        self.learn(&mut books, purchase, Fact::Dispute(dispute));
    }

    /// Each refund and dispute of a purchase's payment as it stands.
    pub fn facts(&self, purchase: PurchaseId) -> Vec<Fact> {
        facts(&lock(&self.books), purchase).to_vec()
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
            facts: payment.facts.clone(),
        })
    }

    /// Writes a fact down, over what it was before, and makes its notification.
    fn learn(&self, books: &mut Books, purchase: PurchaseId, fact: Fact) {
        if let Some(payment) = books.payments.get_mut(&purchase) {
            match payment.facts.iter_mut().find(|known| name(known) == name(&fact)) {
                Some(known) => *known = fact.clone(),
                None => payment.facts.push(fact.clone()),
            }
        }
        self.tell(books, purchase, news(purchase, fact));
    }
}

fn charge(purchase: PurchaseId) -> String {
    format!("ch_{purchase}")
}

fn news(purchase: PurchaseId, fact: Fact) -> EventMeaning {
    EventMeaning::Reversal(ReversalNews {
        payment_ref: Some(format!("pi_{purchase}")),
        charge_ref: Some(charge(purchase)),
        purchase_id: Some(purchase),
        livemode: false,
        facts: vec![fact],
    })
}

fn name(fact: &Fact) -> &str {
    match fact {
        Fact::RefundedTotal { provider_ref, .. } => provider_ref,
        Fact::Refund(refund) => &refund.provider_ref,
        Fact::Dispute(dispute) => &dispute.provider_ref,
    }
}

fn facts(books: &Books, purchase: PurchaseId) -> &[Fact] {
    books.payments.get(&purchase).map_or(&[], |payment| &payment.facts)
}

/// What was paid, if it was.
fn paid(books: &Books, purchase: PurchaseId) -> Option<i64> {
    let session = &books.payments.get(&purchase)?.session;
    session.amount_total.filter(|_| session.payment == PaymentStatus::Paid)
}

fn refunded(books: &Books, purchase: PurchaseId) -> i64 {
    let standing = |fact: &Fact| match fact {
        Fact::Refund(refund) if refund.state == RefundState::Standing => Some(refund.amount),
        _ => None,
    };
    facts(books, purchase).iter().filter_map(standing).sum()
}
