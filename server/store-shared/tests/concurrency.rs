//! Concurrent calls, on several threads.

use std::sync::Arc;

use billing::{
    Order,
    billing::Received,
    money::Credits,
    purchase::{Purchase, Status},
    store::PageRequest,
    testing::{AnyStore, fixtures::session_event, harness::Harness},
};
use futures::future::join_all;

use super::on_store;

const TASKS: usize = 32;

async fn order(harness: &Harness) -> Purchase {
    harness.billing.order(&harness.principal, Order::of("credits_5")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_tasks_settle_one_purchase_once() {
    on_store(async |store: Arc<dyn AnyStore>| {
        let harness = Harness::open(store.clone(), 1).await;
        let purchase = order(&harness).await;
        harness.provider.pay(purchase.id);
        let session = harness.provider.session(purchase.id).unwrap();
        let tasks = (0..TASKS).map(|task| {
            let (harness, session) = (harness.clone(), session.clone());
            tokio::spawn(async move {
                if task % 2 == 0 {
                    let event = session_event(&format!("evt_{task}"), session);
                    assert_eq!(harness.billing.receive_event(event).await.unwrap(), Received::Applied);
                } else {
                    let tenant = harness.principal.tenant_id;
                    let shown = harness.billing.confirm_checkout(tenant, &session.provider_ref).await.unwrap();
                    assert_eq!(shown.unwrap().status(), Status::Paid);
                }
            })
        });
        for task in join_all(tasks).await {
            task.unwrap();
        }
        assert_eq!(store.entries(purchase.tenant_id, purchase.id).await.unwrap().len(), 1);
        assert_eq!(store.balance(purchase.tenant_id).await.unwrap().credits, Credits(5));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_purchases_of_one_tenant_settled_at_once_keep_the_chain() {
    on_store(async |store: Arc<dyn AnyStore>| {
        let harness = Harness::open(store.clone(), 1).await;
        let mut tasks = Vec::new();
        for task in 0..TASKS {
            let purchase = order(&harness).await;
            harness.provider.pay(purchase.id);
            let session = harness.provider.session(purchase.id).unwrap();
            let harness = harness.clone();
            tasks.push(async move {
                let event = session_event(&format!("evt_{task}"), session);
                assert_eq!(harness.billing.receive_event(event).await.unwrap(), Received::Applied);
            });
        }
        for task in join_all(tasks.into_iter().map(tokio::spawn)).await {
            task.unwrap();
        }
        let tenant = harness.principal.tenant_id;
        let mut entries = Vec::new();
        for purchase in store.purchases(tenant, PageRequest { limit: 100, older_than: None }).await.unwrap() {
            entries.extend(store.entries(tenant, purchase.id).await.unwrap());
        }
        entries.sort_by_key(|entry| entry.seq);
        let chain: Vec<(i64, i64)> = entries.iter().map(|entry| (entry.seq, entry.balance_after.0)).collect();
        assert_eq!(chain, (1..=32).map(|seq| (seq, 5 * seq)).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_tenants_at_once_keep_their_own_chains() {
    on_store(async |store: Arc<dyn AnyStore>| {
        let worlds = [Harness::open(store.clone(), 1).await, Harness::open(store.clone(), 2).await];
        let mut tasks = Vec::new();
        for task in 0..TASKS {
            let harness = worlds[task % 2].clone();
            tasks.push(async move {
                let purchase = order(&harness).await;
                harness.provider.pay(purchase.id);
                let session = purchase.checkout.unwrap().provider_ref;
                harness.billing.confirm_checkout(purchase.tenant_id, &session).await.unwrap();
            });
        }
        for task in join_all(tasks.into_iter().map(tokio::spawn)).await {
            task.unwrap();
        }
        for harness in &worlds {
            let balance = store.balance(harness.principal.tenant_id).await.unwrap();
            assert_eq!((balance.credits, balance.seq), (Credits(80), 16));
        }
    })
    .await;
}
