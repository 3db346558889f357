//! Restoring an older back-up, which lacks the latest sales.

use std::{collections::BTreeSet, sync::Arc};

use billing::{
    Billing, Order,
    account::{Account, Principal},
    billing::RecoverError,
    event::{EventStatus, IncomingEvent, StoredEvent},
    ids::{TenantId, UserId},
    purchase::Purchase,
    store::{AccountStore as _, EventStore as _},
    testing::{fixtures::issuer, harness::Harness},
};
use jiff::SignedDuration;

use crate::{Store, TestDatabase};

/// The same shop at the same provider, on another database.
fn on(store: &Store, harness: &Harness) -> Harness {
    let store = Arc::new(store.clone());
    let billing = Billing::new(store.clone(), harness.provider.clone(), harness.clock.clone(), harness.entropy.clone());
    Harness { billing, store, ..harness.clone() }
}

async fn sell(harness: &Harness, buyer: &Principal) -> Purchase {
    let purchase = harness.billing.order(buyer, Order::of("credits_5")).await.unwrap();
    harness.provider.pay(purchase.id);
    let session = &purchase.checkout.as_ref().unwrap().provider_ref;
    harness.billing.confirm_checkout(buyer.tenant_id, session).await.unwrap().unwrap()
}

async fn credits(harness: &Harness, tenant: TenantId) -> i64 {
    harness.unbroken_ledger(tenant).await;
    harness.billing.balance(tenant).await.unwrap().credits.0
}

/// Issues all missing receipts, and returns the numbers of those purchases.
async fn numbers(harness: &Harness, sold: &[&Purchase]) -> BTreeSet<String> {
    while harness.billing.number_receipts(&issuer()).await.unwrap() > 0 {}
    let mut numbers = BTreeSet::new();
    for purchase in sold {
        let receipt = harness.store.receipt(purchase.tenant_id, purchase.id).await.unwrap().unwrap();
        assert!(numbers.insert(receipt.number.to_string()), "{} twice", receipt.number);
    }
    numbers
}

/// A stored event, as the provider sent it.
fn read(harness: &Harness, stored: &StoredEvent) -> IncomingEvent {
    let mut events = harness.provider.events().into_iter();
    events.find(|event| event.provider_event_id == stored.provider_event_id).unwrap()
}

/// A shop, and a back-up from before its first sale.
async fn shop_and_back_up() -> (TestDatabase, Harness, TestDatabase) {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    // Only a database without connections can be copied.
    store.close().await;
    let back_up = database.copy().await.unwrap();
    let harness = on(&database.store().await.unwrap(), &harness);
    (database, harness, back_up)
}

/// Fetches the events since the back-up, and applies them until none is retried any more.
async fn backfill(harness: &Harness) {
    harness.billing.backfill().await.unwrap();
    for _ in 0..8 {
        harness.clock.advance(SignedDuration::from_hours(6));
        harness.billing.retry_events(&|stored| read(harness, stored), 100).await.unwrap();
    }
}

/// Recovers all lost sales like `server purchases recover --all`. Returns the refusals.
async fn recover_all(harness: &Harness, store: &Store) -> Vec<RecoverError> {
    let mut refusals = Vec::new();
    for event in harness.billing.lost_sale_events().await.unwrap() {
        let meaning = read(harness, &event).meaning;
        refusals.extend(harness.billing.recover_event(store, &event, &meaning, None).await.err());
    }
    refusals
}

#[tokio::test]
async fn a_restored_back_up_loses_nobodys_money_and_gives_no_number_twice() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    harness.provider.set_shows_books(true);
    let kim = harness.principal.clone();
    let kept = sell(&harness, &kim).await;
    let mut given = numbers(&harness, &[&kept]).await;
    store.close().await;
    let back_ups = [database.copy().await.unwrap(), database.copy().await.unwrap()];

    // The back-ups lack two sales to a customer they contain, one to a customer they don't, and a partial refund.
    let store = database.store().await.unwrap();
    let harness = on(&store, &harness);
    let lee = harness.another_principal().await;
    let lost = [sell(&harness, &kim).await, sell(&harness, &lee).await, sell(&harness, &kim).await];
    harness.provider.refund(lost[2].id, 350);
    given.extend(numbers(&harness, &[&lost[0], &lost[1], &lost[2]]).await);
    assert_eq!(given.len(), 4);
    store.close().await;

    for back_up in back_ups {
        let store = back_up.store().await.unwrap();
        let harness = on(&store, &harness);
        harness.clock.advance(SignedDuration::from_secs(1));
        harness.billing.begin_receipt_series(&issuer().seller).await.unwrap();
        backfill(&harness).await;
        let attention = store.events(Some(EventStatus::Attention), 100).await.unwrap();
        // Three payments, and two events about the refund.
        assert_eq!(attention.len(), 5);
        for event in &attention {
            assert!(event.note.starts_with("unknown_purchase: "), "{}", event.note);
        }
        assert_eq!((credits(&harness, kim.tenant_id).await, credits(&harness, lee.tenant_id).await), (5, 0));

        // Runs the command again, and then receives the notifications again.
        for _ in 0..2 {
            assert!(recover_all(&harness, &store).await.is_empty());
        }
        for event in harness.provider.events() {
            harness.billing.receive_event(event).await.unwrap();
        }
        backfill(&harness).await;

        assert_eq!((credits(&harness, kim.tenant_id).await, credits(&harness, lee.tenant_id).await), (13, 5));
        assert_eq!(store.events(Some(EventStatus::Attention), 100).await.unwrap(), []);
        for sold in &lost {
            let found = harness.store.purchase(sold.tenant_id, sold.id).await.unwrap().unwrap();
            assert_eq!((found.ordered_by, &found.item, &found.consent), (sold.ordered_by, &sold.item, &sold.consent));
            assert_eq!(
                (found.status(), &found.checkout.unwrap().provider_ref),
                (sold.status(), &sold.checkout.as_ref().unwrap().provider_ref)
            );
            assert_eq!(
                (found.created_at, found.locale, found.payment_ref),
                (sold.created_at, sold.locale, sold.payment_ref.clone())
            );
        }
        let found = store.account(lee.user_id).await.unwrap().unwrap();
        assert_eq!(found.principal, lee);

        let again = numbers(&harness, &[&lost[0], &lost[1], &lost[2]]).await;
        assert!(given.is_disjoint(&again), "{given:?} {again:?}");
        given.extend(again);
        store.close().await;
        back_up.remove().await.unwrap();
    }
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_lost_sale_goes_to_no_account_but_the_customers_or_the_one_that_is_named() {
    let (database, harness, back_up) = shop_and_back_up().await;
    let lee = harness.another_principal().await;
    let lost = sell(&harness, &lee).await;
    let session = &lost.checkout.as_ref().unwrap().provider_ref;
    harness.store.close().await;

    let store = back_up.store().await.unwrap();
    let harness = on(&store, &harness);
    // After the restore, lee has signed up again, as another tenant and user.
    let (tenant_id, user_id) =
        (TenantId::new(harness.now(), &*harness.entropy), UserId::new(harness.now(), &*harness.entropy));
    let principal = Principal { tenant_id, user_id, ..lee.clone() };
    let account = Account { principal, ..harness.account() };
    store.insert_account(&account).await.unwrap();

    let refused = harness.billing.recover_sale(&store, session, None).await;
    assert!(matches!(refused, Err(RecoverError::EmailTaken)), "{refused:?}");
    let nobody = "nobody@example.com".parse().unwrap();
    let refused = harness.billing.recover_sale(&store, session, Some(&nobody)).await;
    assert!(matches!(refused, Err(RecoverError::NoAccount)), "{refused:?}");
    let refused = harness.billing.recover_sale(&store, "cs_test_other", None).await;
    assert!(matches!(refused, Err(RecoverError::NoSession)), "{refused:?}");
    assert_eq!(store.account(lee.user_id).await.unwrap(), None);

    for was_missing in [true, false] {
        let recovered = harness.billing.recover_sale(&store, session, Some(&lee.email)).await.unwrap();
        assert_eq!((recovered.was_missing, recovered.purchase.tenant_id), (was_missing, tenant_id));
    }
    // It is booked, so naming another account is refused and changes nothing.
    let refused = harness.billing.recover_sale(&store, session, Some(&harness.principal.email)).await;
    assert!(matches!(refused, Err(RecoverError::BookedElsewhere)), "{refused:?}");
    assert_eq!(credits(&harness, harness.principal.tenant_id).await, 0);
    for event in harness.provider.events() {
        harness.billing.receive_event(event).await.unwrap();
    }
    assert_eq!((credits(&harness, tenant_id).await, credits(&harness, lee.tenant_id).await), (5, 0));
    store.close().await;
    back_up.remove().await.unwrap();
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_session_that_nobody_paid_is_nobodys_loss() {
    let (database, harness, back_up) = shop_and_back_up().await;
    let order = async || harness.billing.order(&harness.principal, Order::of("credits_5")).await.unwrap();
    let (expired, promised) = (order().await, order().await);
    harness.provider.expire(expired.id);
    harness.provider.promise(promised.id);
    harness.store.close().await;

    let store = back_up.store().await.unwrap();
    let harness = on(&store, &harness);
    backfill(&harness).await;
    let ignored = store.events(Some(EventStatus::Ignored), 100).await.unwrap();
    assert_eq!(ignored.len(), 1, "{ignored:?}");
    // A delayed payment may still arrive: the command reports it, and books nothing before.
    let refusals = recover_all(&harness, &store).await;
    assert!(matches!(refusals.as_slice(), [RecoverError::Unpaid]), "{refusals:?}");
    assert_eq!(harness.purchases(harness.principal.tenant_id).await, []);
    harness.provider.pay(promised.id);
    assert!(recover_all(&harness, &store).await.is_empty());
    assert_eq!(credits(&harness, harness.principal.tenant_id).await, 5);
    store.close().await;
    back_up.remove().await.unwrap();
    database.remove().await.unwrap();
}
