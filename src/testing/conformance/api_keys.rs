//! API keys.

use std::{collections::BTreeSet, sync::Arc};

use jiff::SignedDuration;

use crate::{
    api_key::{ApiKey, Scope},
    ids::ApiKeyId,
    money::Credits,
    testing::{AnyStore, harness::Harness},
};

fn api_key(harness: &Harness, name: &str) -> ApiKey {
    let now = harness.now();
    ApiKey {
        id: ApiKeyId::new(now, harness.entropy.as_ref()),
        name: name.to_owned(),
        prefix: "ck_test_abc".to_owned(),
        secret_hash: format!("hash of {}", ApiKeyId::new(now, harness.entropy.as_ref())),
        scopes: BTreeSet::from([Scope::Spend, Scope::BalanceRead]),
        daily_cap: Some(Credits(100)),
        created_at: now,
        expires_at: Some(now + SignedDuration::from_hours(1)),
        revoked_at: None,
        last_used_at: None,
    }
}

pub async fn an_api_key_is_found_by_its_hash_and_works_until_it_is_revoked(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let key = api_key(&harness, "platform");
    assert_eq!(store.insert_api_key(&key).await.ok(), Some(true));
    let read = async || store.api_key(&key.secret_hash).await.expect("the store answers");
    assert_eq!(read().await, Some(key.clone()));
    assert_eq!(store.api_key("another hash").await.expect("the store answers"), None);
    let hour = key.created_at + SignedDuration::from_hours(1);
    store.note_api_key_use(key.id, hour).await.expect("it is noted");
    store.note_api_key_use(key.id, key.created_at).await.expect("it does not go back");
    assert_eq!(read().await.and_then(|key| key.last_used_at), Some(hour));
    let revoked_at = key.created_at + SignedDuration::from_secs(5);
    assert_eq!(store.revoke_api_key(key.id, revoked_at).await.ok(), Some(true));
    assert_eq!(store.revoke_api_key(key.id, hour).await.ok(), Some(true));
    let revoked = read().await.expect("it is still known");
    assert_eq!(revoked.revoked_at, Some(revoked_at));
    assert!(key.works_at(key.created_at) && !revoked.works_at(key.created_at) && !key.works_at(hour));
    let unknown = ApiKeyId::new(hour, harness.entropy.as_ref());
    assert_eq!(store.revoke_api_key(unknown, hour).await.ok(), Some(false));
}

pub async fn an_api_keys_name_is_free_again_once_it_is_revoked(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let (first, second) = (api_key(&harness, "platform"), api_key(&harness, "platform"));
    assert_eq!(store.insert_api_key(&first).await.ok(), Some(true));
    assert_eq!(store.insert_api_key(&second).await.ok(), Some(false));
    store.revoke_api_key(first.id, first.created_at).await.expect("it is revoked");
    assert_eq!(store.insert_api_key(&second).await.ok(), Some(true));
    let all: Vec<_> = store.api_keys().await.expect("the store answers").into_iter().map(|key| key.id).collect();
    assert_eq!(all, [second.id, first.id]);
}
