//! The expected balances, computed from the provider's records only.

use crate::{
    event::EventStatus,
    ids::TenantId,
    ledger::{Entry, EntryKind},
    mail::Topic,
    provider::PaymentStatus,
    purchase::{Purchase, Status},
    reversal::{RefundState, Snapshot},
    testing::{fixtures, harness::Harness},
};

/// The credits that remain of a purchase: those sold, once it is paid, less the refunded or disputed share, rounded
/// down.
fn left(harness: &Harness, purchase: &Purchase) -> i64 {
    let sold = (purchase.item.credits.0, purchase.item.price.cents);
    let session = harness.provider.session(purchase.id);
    let paid = session.is_some_and(|session| session.payment == PaymentStatus::Paid);
    let gone: i64 = harness.provider.snapshots(purchase.id).iter().map(gone).sum();
    if paid { sold.0 - sold.0 * gone.min(sold.1) / sold.1 } else { 0 }
}

fn gone(snapshot: &Snapshot) -> i64 {
    match snapshot {
        Snapshot::Refund(refund) if refund.state == RefundState::Standing => refund.amount,
        Snapshot::Dispute(dispute) => dispute.withdrawn,
        _ => 0,
    }
}

/// Checks what must hold at any time: no purchase is credited before it is paid, or twice, and each order has one
/// session.
pub(super) async fn check_invariants(harness: &Harness, tenant: TenantId) {
    let (ledger, purchases) = as_of_one_moment(harness, tenant).await;
    for purchase in purchases {
        let session = harness.provider.session(purchase.id);
        let paid = session.is_some_and(|session| session.payment == PaymentStatus::Paid);
        let entries =
            || ledger.iter().map(|entry| &entry.booked).filter(|entry| entry.source.purchase() == Some(purchase.id));
        let credited = entries().filter(|entry| entry.kind == EntryKind::Purchase).count();
        assert_eq!(credited, usize::from(purchase.state.paid_at().is_some()), "credited once, when it is settled");
        assert!(paid || entries().next().is_none(), "credited without money");
        let mail = harness.store.mail(Topic::Confirmation(tenant, purchase.id)).await.expect("the store answers");
        assert!(mail.is_some() || purchase.state.paid_at().is_none(), "settled, and no confirmation is owed");
        assert!(mail.is_none() || paid, "a confirmation is owed without money");
        let sum: i64 = entries().map(|entry| entry.credits.0).sum();
        assert!((0..=purchase.item.credits.0).contains(&sum), "more than was sold, or less than nothing");
        let session = purchase.checkout.as_ref().map(|checkout| &checkout.provider_ref);
        assert!(session.is_none_or(|session| *session == fixtures::checkout(&purchase).provider_ref));
    }
}

/// The last statement of a dropped action may still run in the database.
async fn as_of_one_moment(harness: &Harness, tenant: TenantId) -> (Vec<Entry>, Vec<Purchase>) {
    let mut before = harness.unbroken_ledger(tenant).await;
    loop {
        let purchases = harness.purchases(tenant).await;
        let after = harness.unbroken_ledger(tenant).await;
        if after == before {
            return (after, purchases);
        }
        before = after;
    }
}

/// Checks what must hold after recovery: the balance is the model's, and no work is left.
pub(super) async fn check_final_state(harness: &Harness, tenant: TenantId) {
    check_invariants(harness, tenant).await;
    let mut sum = 0;
    for purchase in harness.purchases(tenant).await {
        let due = left(harness, &purchase);
        let entries = harness.store.entries(tenant, purchase.id).await.expect("the store answers");
        assert_eq!(entries.iter().map(|entry| entry.booked.credits.0).sum::<i64>(), due, "{purchase:?}");
        sum += due;
        let session = harness.provider.session(purchase.id);
        let paid = session.is_some_and(|session| session.payment == PaymentStatus::Paid);
        match purchase.status() {
            Status::Pending => panic!("nobody looks after {purchase:?}"),
            Status::Failed => assert!(!paid, "the money of {purchase:?} is lost"),
            Status::Refunded => assert!(paid),
            Status::Paid => assert!(paid && !all_refunded(harness, &purchase), "{purchase:?} was refunded"),
        }
    }
    assert_eq!(harness.billing.balance(tenant).await.expect("the store answers").credits.0, sum);
    for event in harness.provider.events() {
        let stored = harness.store.event(&event.provider_event_id).await.expect("the store answers");
        let status = stored.map(|event| (event.status, event.note));
        assert!(matches!(status, Some((EventStatus::Applied, _))), "{status:?} {:?}", event.meaning);
    }
}

fn all_refunded(harness: &Harness, purchase: &Purchase) -> bool {
    let refunds =
        harness.provider.snapshots(purchase.id).into_iter().filter(|snapshot| matches!(snapshot, Snapshot::Refund(_)));
    refunds.map(|snapshot| gone(&snapshot)).sum::<i64>() >= purchase.item.price.cents
}
