//! The platform's names for tenants.

use std::sync::Arc;

use futures::future::join_all;

use crate::{
    ids::TenantId,
    money::Credits,
    store::UpsertedTenant,
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
