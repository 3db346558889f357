//! Writing new purchases, and reading them.

use std::sync::Arc;

use futures::future::join_all;
use jiff::SignedDuration;

use super::{apply, bare, insert, stored};
use crate::{
    ids::PurchaseId,
    locale::Locale,
    purchase::{Checkout, FailureReason, Purchase},
    store::{Inserted, OrderLimits, PageRequest, StoreError},
    testing::{AnyStore, fixtures::checkout, harness::Harness},
};

pub async fn a_purchase_is_read_back_as_it_was_written(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let plain = harness.purchase();
    let keyed = harness.purchase_of(&harness.principal, Some("~key/1"));
    let german = Purchase { locale: Locale::De, ..harness.purchase() };
    for purchase in [&plain, &keyed, &german] {
        insert(&harness, purchase).await;
        assert_eq!(stored(&harness, purchase).await, *purchase);
    }
    let noted = Purchase { checkout: Some(checkout(&plain)), payment_ref: Some("pi_1".to_owned()), ..plain };
    let noted = apply(&harness, bare(noted)).await;
    assert_eq!(stored(&harness, &noted).await, noted);
    let state = noted.state.fail(FailureReason::Cancelled, harness.now()).expect("pending");
    let failed = apply(&harness, bare(Purchase { state, ..noted })).await;
    assert_eq!(stored(&harness, &failed).await, failed);
}

pub async fn a_new_purchase_begins_pending(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let fresh = harness.purchase();
    let paid = Purchase { state: fresh.state.pay(harness.now()).expect("pending"), ..fresh.clone() };
    let later = Purchase { version: 2, ..fresh.clone() };
    for purchase in [paid, later] {
        let refused = store.insert_purchase(&purchase, None).await;
        assert!(matches!(&refused, Err(StoreError::Refused(rule)) if rule == "purchases_start"), "{refused:?}");
    }
    assert_eq!(store.purchase(fresh.tenant_id, fresh.id).await.ok(), Some(None));
}

pub async fn only_users_of_the_tenant_order_for_it(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let foreign = Purchase { ordered_by: other.user_id, ..harness.purchase() };
    let unknown = Purchase { ordered_by: harness.account().principal.user_id, ..harness.purchase() };
    for purchase in [foreign, unknown] {
        let refused = store.insert_purchase(&purchase, None).await;
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
    }
}

pub async fn one_order_key_makes_one_purchase_in_each_tenant(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let first = harness.purchase_of(&harness.principal, Some("key"));
    insert(&harness, &first).await;
    let again = harness.purchase_of(&harness.principal, Some("key"));
    let inserted = store.insert_purchase(&again, None).await.expect("no error");
    assert_eq!(inserted, Inserted::Existing(Box::new(first.clone())));
    assert_eq!(store.purchase(again.tenant_id, again.id).await.ok(), Some(None), "nothing is written");
    insert(&harness, &harness.purchase_of(&other, Some("key"))).await;
    insert(&harness, &harness.purchase_of(&harness.principal, Some("KEY"))).await;
}

pub async fn one_order_key_at_the_same_instant_makes_one_purchase(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let orders: Vec<Purchase> = (0..8).map(|_| harness.purchase_of(&harness.principal, Some("key"))).collect();
    let inserted = join_all(orders.iter().map(|order| store.insert_purchase(order, None))).await;
    let mut written = Vec::new();
    let mut given = Vec::new();
    for (order, inserted) in orders.iter().zip(inserted) {
        match inserted.expect("no error") {
            Inserted::New => written.push(order.id),
            Inserted::Existing(earlier) => given.push(earlier.id),
            Inserted::LimitReached => panic!("there is no limit"),
        }
    }
    assert_eq!(written.len(), 1);
    assert_eq!(given, vec![written[0]; 7]);
}

pub async fn orders_without_a_key_are_orders_of_their_own(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let first = harness.purchase();
    insert(&harness, &first).await;
    insert(&harness, &harness.purchase()).await;
    // The same id cannot be inserted twice.
    let refused = store.insert_purchase(&first, None).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

pub async fn open_purchases_are_limited_for_each_tenant(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let limits = Some(OrderLimits { open_max: 2, per_minute_max: 100 });
    let order = async |purchase: &Purchase| store.insert_purchase(purchase, limits).await.expect("the store answers");
    let first = harness.purchase_of(&harness.principal, Some("key"));
    let second = harness.purchase();
    assert_eq!(order(&first).await, Inserted::New);
    assert_eq!(order(&second).await, Inserted::New);
    let third = harness.purchase_of(&harness.principal, Some("another-key"));
    assert_eq!(order(&third).await, Inserted::LimitReached);
    assert_eq!(store.purchase(third.tenant_id, third.id).await.ok(), Some(None), "nothing is written");
    let again = order(&harness.purchase_of(&harness.principal, Some("key"))).await;
    assert_eq!(again, Inserted::Existing(Box::new(first)), "a known key is no new order");
    assert_eq!(order(&harness.purchase_of(&other, None)).await, Inserted::New, "tenants count for themselves");
    let state = second.state.fail(FailureReason::Cancelled, harness.now()).expect("pending");
    apply(&harness, bare(Purchase { state, ..second })).await;
    assert_eq!(order(&third).await, Inserted::New, "one was dropped");
    insert(&harness, &harness.purchase()).await;
}

pub async fn orders_within_a_minute_are_limited_for_each_tenant(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let limits = Some(OrderLimits { open_max: 100, per_minute_max: 2 });
    let order = async |purchase: &Purchase| store.insert_purchase(purchase, limits).await.expect("the store answers");
    for _ in 0..2 {
        let purchase = harness.purchase();
        assert_eq!(order(&purchase).await, Inserted::New);
        let state = purchase.state.fail(FailureReason::Cancelled, harness.now()).expect("pending");
        apply(&harness, bare(Purchase { state, ..purchase })).await;
    }
    assert_eq!(order(&harness.purchase()).await, Inserted::LimitReached, "dropped ones count");
    assert_eq!(order(&harness.purchase_of(&other, None)).await, Inserted::New, "tenants count for themselves");
    harness.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(order(&harness.purchase()).await, Inserted::LimitReached);
    harness.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(order(&harness.purchase()).await, Inserted::New);
}

pub async fn orders_at_the_same_instant_do_not_exceed_the_limit(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    for limits in
        [OrderLimits { open_max: 5, per_minute_max: 1_000 }, OrderLimits { open_max: 1_000, per_minute_max: 5 }]
    {
        let buyer = harness.another_principal().await;
        let orders: Vec<Purchase> = (0..24).map(|_| harness.purchase_of(&buyer, None)).collect();
        let inserted = join_all(orders.iter().map(|order| store.insert_purchase(order, Some(limits)))).await;
        let written = inserted.into_iter().filter(|inserted| matches!(inserted, Ok(Inserted::New))).count();
        assert_eq!(written, 5, "{limits:?}");
    }
}

pub async fn a_page_of_the_history_goes_on_where_the_last_one_ended(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let mut newest_first = Vec::new();
    for _ in 0..5 {
        let own = harness.purchase();
        insert(&harness, &own).await;
        insert(&harness, &harness.purchase_of(&other, None)).await;
        newest_first.insert(0, own);
    }
    let page = async |limit, older_than| {
        let page = PageRequest { limit, older_than };
        store.purchases(harness.principal.tenant_id, page).await.expect("the store answers")
    };
    assert_eq!(page(100, None).await, newest_first);
    assert_eq!(page(2, None).await, newest_first[..2]);
    assert_eq!(page(2, Some(newest_first[1].id)).await, newest_first[2..4]);
    assert_eq!(page(2, Some(newest_first[3].id)).await, newest_first[4..]);
    assert_eq!(page(2, Some(newest_first[4].id)).await, []);
    // A cursor that is unknown, or another tenant's purchase, still marks a point in time.
    assert_eq!(page(2, Some(PurchaseId::new(harness.now(), harness.entropy.as_ref()))).await, newest_first[..2]);
}

pub async fn a_notification_finds_its_purchase_by_session_or_by_id(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let waiting = harness.purchase();
    let opened = harness.purchase();
    insert(&harness, &waiting).await;
    insert(&harness, &opened).await;
    let opened = apply(&harness, bare(Purchase { checkout: Some(checkout(&opened)), ..opened })).await;
    let session = checkout(&opened).provider_ref;
    let tenant = harness.principal.tenant_id;
    for (provider_ref, purchase_id, found) in [
        (session.as_str(), None, Some((tenant, opened.id))),
        ("cs_unknown", Some(waiting.id), Some((tenant, waiting.id))),
        (session.as_str(), Some(waiting.id), Some((tenant, opened.id))),
        ("cs_unknown", None, None),
        ("", Some(harness.purchase().id), None),
    ] {
        assert_eq!(store.locate(provider_ref, purchase_id).await.ok(), Some(found), "{provider_ref}");
    }
    let by_session = store.purchase_by_checkout(tenant, &session).await.ok();
    assert_eq!(by_session, Some(Some(opened)));
    assert_eq!(store.purchase_by_checkout(tenant, "cs_unknown").await.ok(), Some(None));
}

pub async fn a_text_with_a_nul_is_unknown_or_kept_without_it(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    assert_eq!(store.purchase_by_checkout(harness.principal.tenant_id, "cs\0").await.ok(), Some(None));
    assert_eq!(store.locate("cs\0", None).await.ok(), Some(None));
    assert!(store.session("token\0", harness.now()).await.ok().flatten().is_none());
    let mut event = harness.event("evt_\0");
    event.incoming.event_type = String::from("a\0b");
    assert!(store.record_event(&event).await.is_ok(), "an authentic event is never lost");
    let mut outcome = super::outcome(&event, crate::event::EventStatus::Attention);
    outcome.note = String::from("\0");
    assert!(store.close_event(&outcome.into()).await.is_ok());
}

pub async fn a_checkout_session_of_another_provider_is_noticed(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store, 1).await;
    let noticed = async || harness.store.has_checkout_without_prefix("cs_mock_").await.ok();
    let opened = async |provider_ref: &str| {
        let purchase = harness.purchase();
        insert(&harness, &purchase).await;
        let checkout = Checkout { provider_ref: provider_ref.to_owned(), url: String::new() };
        apply(&harness, bare(Purchase { checkout: Some(checkout), ..purchase })).await;
    };
    insert(&harness, &harness.purchase()).await;
    for mock in ["cs_mock_0", "cs_mock_zz~"] {
        opened(mock).await;
    }
    assert_eq!(noticed().await, Some(false), "what has no session yet, and mock mode's own");
    opened("cs_test_1").await;
    assert_eq!(noticed().await, Some(true));
    let before = harness.store.has_checkout_without_prefix("cs_test_").await.ok();
    assert_eq!(before, Some(true), "those that sort before the prefix, too");
}
