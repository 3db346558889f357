//! What must come out, from the provider's side alone.

use crate::{
    event::EventStatus,
    ids::TenantId,
    ledger::{Entry, EntryKind},
    mail::Topic,
    provider::PaymentStatus,
    purchase::{Purchase, Status},
    reversal::{RefundState, Snapshot},
    testing::{fixtures, fixtures::World},
};

/// What a purchase has left on the balance: what was sold, once it is paid, less the floor of the share that was
/// refunded or is disputed.
fn left(world: &World, purchase: &Purchase) -> i64 {
    let sold = (purchase.item.credits.0, purchase.item.price.cents);
    let session = world.provider.session(purchase.id);
    let paid = session.is_some_and(|session| session.payment == PaymentStatus::Paid);
    let gone: i64 = world.provider.snapshots(purchase.id).iter().map(gone).sum();
    if paid { sold.0 - sold.0 * gone.min(sold.1) / sold.1 } else { 0 }
}

fn gone(snapshot: &Snapshot) -> i64 {
    match snapshot {
        Snapshot::Refund(refund) if refund.state == RefundState::Standing => refund.amount,
        Snapshot::Dispute(dispute) => dispute.withdrawn,
        _ => 0,
    }
}

/// At any time: nothing is credited before it is paid, nothing twice, and each order has the one session.
pub(super) async fn judge_on_the_way(world: &World, tenant: TenantId) {
    let (ledger, purchases) = as_of_one_moment(world, tenant).await;
    for purchase in purchases {
        let session = world.provider.session(purchase.id);
        let paid = session.is_some_and(|session| session.payment == PaymentStatus::Paid);
        let entries = || ledger.iter().map(|entry| &entry.booked).filter(|entry| entry.purchase_id == purchase.id);
        let credited = entries().filter(|entry| entry.kind == EntryKind::Purchase).count();
        assert_eq!(credited, usize::from(purchase.state.paid_at().is_some()), "credited once, when it is settled");
        assert!(paid || entries().next().is_none(), "credited without money");
        let mail = world.store.mail(Topic::Confirmation(tenant, purchase.id)).await.expect("the store answers");
        assert!(mail.is_some() || purchase.state.paid_at().is_none(), "settled, and no confirmation is owed");
        assert!(mail.is_none() || paid, "a confirmation is owed without money");
        let sum: i64 = entries().map(|entry| entry.credits.0).sum();
        assert!((0..=purchase.item.credits.0).contains(&sum), "more than was sold, or less than nothing");
        let session = purchase.checkout.as_ref().map(|checkout| &checkout.provider_ref);
        assert!(session.is_none_or(|session| *session == fixtures::checkout(&purchase).provider_ref));
    }
}

/// A step that was dropped half-way may still have its last statement on the way to the database.
async fn as_of_one_moment(world: &World, tenant: TenantId) -> (Vec<Entry>, Vec<Purchase>) {
    let mut before = world.unbroken_ledger(tenant).await;
    loop {
        let purchases = world.purchases(tenant).await;
        let after = world.unbroken_ledger(tenant).await;
        if after == before {
            return (after, purchases);
        }
        before = after;
    }
}

/// When everything is mended: each purchase has left what the model says, and no work is left.
pub(super) async fn judge_in_the_end(world: &World, tenant: TenantId) {
    judge_on_the_way(world, tenant).await;
    let mut sum = 0;
    for purchase in world.purchases(tenant).await {
        let due = left(world, &purchase);
        let entries = world.store.entries(tenant, purchase.id).await.expect("the store answers");
        assert_eq!(entries.iter().map(|entry| entry.booked.credits.0).sum::<i64>(), due, "{purchase:?}");
        sum += due;
        let session = world.provider.session(purchase.id);
        let paid = session.is_some_and(|session| session.payment == PaymentStatus::Paid);
        match purchase.status() {
            Status::Pending => panic!("nobody looks after {purchase:?}"),
            Status::Failed => assert!(!paid, "the money of {purchase:?} is lost"),
            Status::Refunded => assert!(paid),
            Status::Paid => assert!(paid && !all_refunded(world, &purchase), "{purchase:?} was refunded"),
        }
    }
    assert_eq!(world.billing.balance(tenant).await.expect("the store answers").credits.0, sum);
    for event in world.provider.events() {
        let stored = world.store.event(&event.provider_event_id).await.expect("the store answers");
        let status = stored.map(|event| (event.status, event.note));
        assert!(matches!(status, Some((EventStatus::Applied, _))), "{status:?} {:?}", event.meaning);
    }
}

fn all_refunded(world: &World, purchase: &Purchase) -> bool {
    let refunds =
        world.provider.snapshots(purchase.id).into_iter().filter(|snapshot| matches!(snapshot, Snapshot::Refund(_)));
    refunds.map(|snapshot| gone(&snapshot)).sum::<i64>() >= purchase.item.price.cents
}
