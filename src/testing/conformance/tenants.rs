//! The platform's names for tenants.

use std::sync::Arc;

use futures::future::{join, join_all};

use crate::{
    ids::TenantId,
    money::Credits,
    store::{SignUp, UpsertedTenant},
    tenant::{ExternalId, TenantProfile},
    testing::{AnyStore, harness::Harness},
};

fn external_id(text: &str) -> ExternalId {
    ExternalId::try_from(text.to_owned()).expect("an external id")
}

async fn upsert(harness: &Harness, id: &str, profile: &TenantProfile) -> UpsertedTenant {
    let now = harness.now();
    let new = TenantId::new(now, harness.entropy.as_ref());
    harness.store.upsert_tenant(&external_id(id), profile, new, now).await.expect("the store answers")
}

pub async fn a_tenant_is_made_once_and_keeps_what_is_not_said_again(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    assert!(store.tenant_by_external_id(&external_id("org-1")).await.expect("the store answers").is_none());
    let named = TenantProfile { name: Some("Ada GmbH".to_owned()), low_balance: Some(Credits(5)), email: None };
    let made = upsert(&harness, "org-1", &named).await;
    assert!(made.created);
    assert_eq!((made.tenant.name.as_deref(), made.tenant.low_balance), (Some("Ada GmbH"), Some(Credits(5))));
    let again = upsert(&harness, "org-1", &TenantProfile::default()).await;
    assert_eq!((again.created, &again.tenant), (false, &made.tenant));
    let email = harness.account().principal.email;
    let profile = TenantProfile { email: Some(email.clone()), ..TenantProfile::default() };
    let with_email = upsert(&harness, "org-1", &profile).await.tenant;
    assert_eq!((with_email.id, with_email.email.as_ref()), (made.tenant.id, Some(&email)));
    let read = store.tenant_by_external_id(&external_id("org-1")).await.expect("the store answers");
    assert_eq!(read, Some(with_email));
    assert!(upsert(&harness, "org-2", &TenantProfile::default()).await.tenant.id != made.tenant.id);
}

pub async fn an_account_that_is_there_becomes_the_platforms_tenant(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let email = Some(harness.principal.email.clone());
    let profile = TenantProfile { email, ..TenantProfile::default() };
    let known = upsert(&harness, "org-1", &profile).await;
    assert_eq!((known.tenant.id, known.created), (harness.principal.tenant_id, true));
    // The account has an external id by now, so a second one is another tenant's.
    assert!(upsert(&harness, "org-2", &profile).await.tenant.id != harness.principal.tenant_id);
}

pub async fn one_external_id_at_the_same_instant_makes_one_tenant(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store, 1).await;
    let profile = TenantProfile::default();
    let calls = (0..8).map(|_| upsert(&harness, "org-1", &profile));
    let made = join_all(calls).await;
    assert_eq!(made.iter().filter(|made| made.created).count(), 1);
    assert!(made.iter().all(|one| one.tenant == made[0].tenant));
}

pub async fn a_sign_up_joins_the_tenant_that_the_platform_has_named(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let account = harness.account();
    let profile = TenantProfile { email: Some(account.principal.email.clone()), ..TenantProfile::default() };
    let oldest = upsert(&harness, "org-1", &profile).await.tenant;
    let second = upsert(&harness, "org-2", &profile).await.tenant;
    assert_ne!(oldest.id, second.id);
    assert_eq!(store.insert_account(&account).await.ok(), Some(SignUp::Created(oldest.id)));
    let read = store.account(account.principal.user_id).await.expect("the store answers").expect("the account");
    assert_eq!(read.principal.tenant_id, oldest.id);
    // The address belongs to an account by now, so the other tenant of that address gets no user.
    assert_eq!(store.insert_account(&account).await.ok(), Some(SignUp::EmailTaken));
    // The account's own id was not needed, and is free for another tenant.
    let mut other = harness.account();
    other.principal.tenant_id = account.principal.tenant_id;
    assert_eq!(store.insert_account(&other).await.ok(), Some(SignUp::Created(account.principal.tenant_id)));
}

pub async fn a_sign_up_joins_no_tenant_that_has_a_user(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let profile = |email| TenantProfile { email: Some(email), ..TenantProfile::default() };
    let first = upsert(&harness, "org-1", &profile(harness.principal.email.clone())).await.tenant;
    assert_eq!(first.id, harness.principal.tenant_id);
    // The platform corrects the address, and somebody has an account of that address elsewhere.
    let second = harness.account();
    let moved = upsert(&harness, "org-1", &profile(second.principal.email.clone())).await.tenant;
    assert_eq!(moved.id, first.id);
    assert_eq!(store.insert_account(&second).await.ok(), Some(SignUp::Created(second.principal.tenant_id)));
}

pub async fn a_sign_up_and_an_upsert_at_the_same_instant_meet_in_one_tenant(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let rounds = (0..16).map(|round| {
        let (account, id) = (harness.account(), format!("org-{round}"));
        let (harness, store) = (&harness, &store);
        async move {
            let profile = TenantProfile { email: Some(account.principal.email.clone()), ..TenantProfile::default() };
            let (signed_up, named) = join(store.insert_account(&account), upsert(harness, &id, &profile)).await;
            assert_eq!(signed_up.ok(), Some(SignUp::Created(named.tenant.id)), "{id}");
        }
    });
    join_all(rounds).await;
}
