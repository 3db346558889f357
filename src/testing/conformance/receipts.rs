//! Receipts: their numbers, and the data that they keep.

use std::sync::Arc;

use futures::{FutureExt, future::join_all};
use jiff::SignedDuration;

use super::{apply, bare, insert, settled, settlement, stored};
use crate::{
    purchase::{FailureReason, Purchase},
    receipt::{Issuer, Receipt, ReceiptNumber, ReceiptSeries},
    store::{Committed, StoreError},
    testing::{
        AnyStore,
        concurrency::{Interleaved, Task},
        fixtures::issuer,
        harness::Harness,
    },
};

async fn receipt(harness: &Harness, purchase: &Purchase) -> Option<Receipt> {
    harness.store.receipt(purchase.tenant_id, purchase.id).await.expect("the store answers")
}

/// The numbers of receipts of those purchases, smallest first.
async fn numbers(harness: &Harness, purchases: &[Purchase]) -> Vec<i64> {
    let mut numbers = Vec::new();
    for purchase in purchases {
        numbers.extend(receipt(harness, purchase).await.map(|receipt| receipt.number.position));
    }
    numbers.sort_unstable();
    numbers
}

async fn many_settled(harness: &Harness, count: usize) -> Vec<Purchase> {
    let mut purchases = Vec::new();
    for _ in 0..count {
        purchases.push(settled(harness).await);
    }
    purchases
}

pub async fn receipts_are_numbered_in_the_order_of_payment(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = Harness { principal: harness.another_principal().await, ..harness.clone() };
    let late = harness.purchase();
    insert(&harness, &late).await;
    let mut paid = vec![settled(&harness).await, settled(&other).await, settled(&harness).await];
    paid.push(apply(&harness, settlement(&harness, &late)).await);

    assert_eq!(store.number_receipts(&issuer(), harness.now(), 3).await.ok(), Some(3));
    assert_eq!(store.number_receipts(&issuer(), harness.now(), 3).await.ok(), Some(1));
    assert_eq!(store.number_receipts(&issuer(), harness.now(), 3).await.ok(), Some(0));
    for (purchase, number) in paid.iter().zip(1..) {
        let receipt = receipt(&harness, purchase).await.expect("it is issued");
        assert_eq!(
            (receipt.number.position, receipt.tenant_id, receipt.purchase_id),
            (number, purchase.tenant_id, purchase.id)
        );
        assert_eq!(stored(&harness, purchase).await.receipt_number, Some(receipt.number));
    }
}

pub async fn there_is_a_receipt_of_what_was_paid_alone(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let pending = harness.purchase();
    insert(&harness, &pending).await;
    let failed = harness.purchase();
    insert(&harness, &failed).await;
    let state = failed.state.fail(FailureReason::Expired, harness.now()).expect("pending");
    let failed = apply(&harness, bare(Purchase { state, ..failed })).await;
    let refunded = settled(&harness).await;
    let state = refunded.state.refund(harness.now()).expect("paid");
    let refunded = apply(&harness, bare(Purchase { state, ..refunded })).await;

    for unpaid in [&pending, &failed] {
        assert_eq!(harness.billing.receipt(unpaid, &issuer()).await.ok(), Some(None));
    }
    let asked = harness.billing.receipt(&refunded, &issuer()).await.expect("it is issued");
    assert_eq!(asked.map(|receipt| receipt.number.position), Some(1));
    assert_eq!(numbers(&harness, &[pending, failed, refunded]).await, [1]);
}

pub async fn a_receipt_stays_as_it_was_issued(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let paid = settled(&harness).await;
    let at = harness.now();
    assert_eq!(store.number_receipts(&issuer(), at, 9).await.ok(), Some(1));
    let issued = receipt(&harness, &paid).await.expect("it is issued");
    assert_eq!((issued.issued_at, &issued.issuer), (at, &issuer()));
    assert_eq!(issued.buyer_email, harness.principal.email.as_str());

    // The seller moves, the VAT rate changes, and the payment is refunded.
    let mut moved = Issuer { vat_rate_basis_points: 700, ..issuer() };
    moved.seller.address = vec!["Elsewhere".to_owned()];
    assert_eq!(store.number_receipts(&moved, harness.now(), 9).await.ok(), Some(0));
    let now = stored(&harness, &paid).await;
    let state = now.state.refund(harness.now()).expect("paid");
    apply(&harness, bare(Purchase { state, ..now })).await;
    assert_eq!(harness.billing.receipt(&paid, &moved).await.ok(), Some(Some(issued)));

    // The numbers continue.
    let next = settled(&harness).await;
    let next = harness.billing.receipt(&next, &moved).await.expect("it is issued").expect("it is paid");
    assert_eq!((next.number.position, next.issuer), (2, moved));
}

pub async fn two_sellers_count_for_themselves(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let mut other = issuer();
    "DE999999999".clone_into(&mut other.seller.vat_id);
    for (issuer, number) in [(issuer(), 1), (other.clone(), 1), (issuer(), 2), (other, 2)] {
        let paid = settled(&harness).await;
        let receipt = harness.billing.receipt(&paid, &issuer).await.expect("it is issued").expect("it is paid");
        assert_eq!((receipt.number.position, receipt.issuer), (number, issuer));
    }
}

pub async fn a_new_series_counts_from_one_and_no_number_comes_again(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let mut given = Vec::new();
    for series in [None, Some(harness.now()), Some(harness.now() + SignedDuration::from_secs(1))] {
        let series = series.map(ReceiptSeries::begun_at);
        if let Some(series) = series {
            store.begin_receipt_series(&issuer().seller, series).await.expect("a new one");
        }
        for position in 1..=2 {
            let paid = settled(&harness).await;
            assert_eq!(store.number_receipts(&issuer(), harness.now(), 9).await.ok(), Some(1));
            let number = receipt(&harness, &paid).await.expect("it is issued").number;
            assert_eq!(number, ReceiptNumber { series, position });
            assert_eq!(stored(&harness, &paid).await.receipt_number, Some(number));
            assert!(!given.contains(&number.to_string()), "{number} a second time");
            given.push(number.to_string());
        }
    }
}

pub async fn a_series_is_begun_once_and_by_its_seller_alone(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (own, mut other) = (issuer(), issuer());
    "DE999999999".clone_into(&mut other.seller.vat_id);
    let series = ReceiptSeries::begun_at(harness.now());
    assert!(store.begin_receipt_series(&other.seller, series).await.is_ok());
    let again = store.begin_receipt_series(&other.seller, series).await;
    assert!(matches!(&again, Err(StoreError::Refused(rule)) if rule == "receipt_series_pkey"), "{again:?}");
    for (issuer, series) in [(own, None), (other, Some(series))] {
        let paid = settled(&harness).await;
        let issued = harness.billing.receipt(&paid, &issuer).await.expect("it is issued").expect("it is paid");
        assert_eq!(issued.number, ReceiptNumber { series, position: 1 });
    }
}

pub async fn a_decision_made_before_the_number_was_given_is_made_again(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let paid = settled(&harness).await;
    assert_eq!(store.number_receipts(&issuer(), harness.now(), 9).await.ok(), Some(1));
    let state = paid.state.refund(harness.now()).expect("paid");
    assert_eq!(store.commit(&bare(Purchase { state, ..paid.clone() })).await.ok(), Some(Committed::Stale));
    let again = stored(&harness, &paid).await;
    apply(&harness, bare(Purchase { state, ..again })).await;
    assert_eq!(numbers(&harness, &[paid]).await, [1]);
}

pub async fn many_issuers_at_once_leave_no_gap_and_give_no_number_twice(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchases = many_settled(&harness, 40).await;
    let issuer = issuer();
    let issuing = (0..24).map(|_| store.number_receipts(&issuer, harness.now(), 3));
    let outcomes = join_all(issuing).await.into_iter().map(|outcome| outcome.expect("it waits for its turn"));
    assert_eq!(outcomes.sum::<u32>(), 40);
    assert_eq!(numbers(&harness, &purchases).await, (1..=40).collect::<Vec<_>>());
}

pub async fn an_issuer_that_dies_leaves_no_gap(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let purchases = many_settled(&harness, 24).await;
    let dying = (0..12).map(|turns| {
        let (store, now) = (store.clone(), harness.now());
        let step = async move { store.number_receipts(&issuer(), now, 2).await }.boxed();
        Task { future: step, polls_left: Some(turns) }
    });
    Interleaved::new(dying.collect(), std::iter::empty()).await;
    while store.number_receipts(&issuer(), harness.now(), 5).await.expect("nobody holds the turn for ever") > 0 {}
    assert_eq!(numbers(&harness, &purchases).await, (1..=24).collect::<Vec<_>>());
}
