//! No method reads or writes another tenant's row.

use std::sync::Arc;

use super::{apply, assert_refused, balance, bare, booking, credits, settled, settlement, stored};
use crate::{
    ids::WithdrawalId,
    ledger::{NewEntry, Source},
    locale::Locale,
    mail::Topic,
    purchase::Purchase,
    store::{Committed, PageRequest},
    testing::{
        AnyStore,
        fixtures::{checkout, issuer},
        harness::Harness,
    },
    withdrawal::{Declaration, Withdrawal, WithdrawalDecision},
};

pub async fn another_tenant_can_read_nothing(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let paid = settled(&harness).await;
    let paid = apply(&harness, bare(Purchase { checkout: Some(checkout(&paid)), ..paid })).await;
    let other = harness.another_principal().await.tenant_id;
    let session = checkout(&paid).provider_ref;
    assert_eq!(store.purchase(other, paid.id).await.ok(), Some(None));
    assert_eq!(store.purchase_by_checkout(other, &session).await.ok(), Some(None));
    assert_eq!(store.purchases(other, PageRequest { limit: 9, older_than: None }).await.ok(), Some(vec![]));
    assert_eq!(store.entries(other, paid.id).await.ok(), Some(vec![]));
    assert_eq!(store.ledger(other, 9, None).await.ok(), Some(vec![]));
    assert_eq!(balance(&harness, other).await, credits(0, 0));
    assert_eq!(store.number_receipts(&issuer(), harness.now(), 9).await.ok(), Some(1));
    assert_eq!(store.receipt(other, paid.id).await.ok(), Some(None));
    let withdrawal = Withdrawal {
        id: WithdrawalId::new(harness.now(), harness.entropy.as_ref()),
        declaration: Declaration::new("Kim", "5 Credits", "kim@example.com").expect("it is complete"),
        locale: Locale::En,
        received_at: harness.now(),
        purchase: Some((paid.tenant_id, paid.id)),
        decision: WithdrawalDecision::Effective,
    };
    store.insert_withdrawal(&withdrawal).await.expect("it is stored");
    assert_eq!(store.tenant_mails(other, 9).await.ok(), Some(vec![]));
    assert_eq!(store.tenant_withdrawals(other, 9).await.ok(), Some(vec![]));
    let paid = stored(&harness, &paid).await;
    // The owner can.
    let own = paid.tenant_id;
    assert_eq!(store.purchase(own, paid.id).await.ok(), Some(Some(paid.clone())));
    assert_eq!(store.purchase_by_checkout(own, &session).await.ok(), Some(Some(paid.clone())));
    assert!(matches!(store.receipt(own, paid.id).await, Ok(Some(_))));
    let mails = store.tenant_mails(own, 9).await.expect("the store answers");
    let topics: Vec<_> = mails.iter().map(|mail| mail.topic).collect();
    assert_eq!(topics, [Topic::Withdrawal(withdrawal.id), Topic::Confirmation(own, paid.id)], "newest first");
    assert_eq!(store.tenant_mails(own, 1).await.map(|mails| mails.len()).ok(), Some(1));
    assert_eq!(store.tenant_withdrawals(own, 9).await.ok(), Some(vec![withdrawal]));
    assert_eq!(store.tenant_withdrawals(own, 0).await.ok(), Some(vec![]));
    assert_eq!(store.entries(own, paid.id).await.map(|entries| entries.len()).ok(), Some(1));
}

pub async fn another_tenant_can_write_nothing(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchase = harness.purchase();
    super::insert(&harness, &purchase).await;
    let other = harness.another_principal().await;
    let mut foreign = settlement(&harness, &purchase);
    foreign.purchase.tenant_id = other.tenant_id;
    assert_eq!(store.commit(&foreign).await.ok(), Some(Committed::Stale));
    assert_eq!(stored(&harness, &purchase).await, purchase);

    // A change of the tenant's own purchase, with an entry for another tenant's purchase or in another tenant's ledger.
    let paid = settled(&harness).await;
    let others = harness.purchase_of(&other, None);
    super::insert(&harness, &others).await;
    let others = apply(&harness, settlement(&harness, &others)).await;
    for (tenant_id, purchase_id) in [(paid.tenant_id, others.id), (others.tenant_id, paid.id)] {
        let source = Source::Purchase(purchase_id);
        let entry = NewEntry { tenant_id, source, ..harness.entry(&paid) };
        assert_refused(&harness, &booking(&paid, entry), "ledger_entries_purchase_fkey").await;
    }
    assert_eq!(balance(&harness, other.tenant_id).await, credits(5, 1));
}
