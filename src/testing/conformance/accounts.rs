//! Accounts and sessions.

use std::{sync::Arc, time::Duration};

use crate::{
    account::{SignUp, StoredSession},
    store::StoreError,
    testing::{AnyStore, fixtures::World},
};

pub async fn an_account_is_found_by_address_and_by_id(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    let account = world.account();
    assert_eq!(store.account_by_email(&account.caller.email).await.unwrap_or(None), None);
    assert_eq!(store.insert_account(&account).await.ok(), Some(SignUp::Created));
    assert!(store.account_by_email(&account.caller.email).await.ok().flatten() == Some(account.clone()));
    assert!(store.account(account.caller.user_id).await.ok().flatten() == Some(account));
}

pub async fn a_taken_address_writes_neither_tenant_nor_user(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    let mut second = world.account();
    second.caller.email = world.caller.email.clone();
    assert_eq!(store.insert_account(&second).await.ok(), Some(SignUp::EmailTaken));
    assert!(store.account(second.caller.user_id).await.expect("the store answers").is_none());
    let first = store.account_by_email(&world.caller.email).await.expect("the store answers");
    assert_eq!(first.map(|account| account.caller), Some(world.caller.clone()));
    // Had the tenant been left behind, it could not be written again; and written it cannot be.
    second.caller.email = world.account().caller.email;
    assert_eq!(store.insert_account(&second).await.ok(), Some(SignUp::Created));
    second.caller.email = world.account().caller.email;
    let refused = store.insert_account(&second).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

pub async fn an_ended_session_signs_nobody_in(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    let now = world.now();
    let later = now + Duration::from_mins(1);
    let session = StoredSession { token_hash: "a1".to_owned(), data: "{}".to_owned(), expires_at: later };
    assert_eq!(store.insert_session(&session).await.ok(), Some(true));
    let taken = StoredSession { data: "other".to_owned(), ..session.clone() };
    assert_eq!(store.insert_session(&taken).await.ok(), Some(false), "the token hash is taken");
    assert!(store.session("a1", now).await.ok().flatten() == Some(session.clone()));
    assert!(store.session("a1", later).await.ok().flatten().is_none(), "it ends at that instant");
    assert!(store.session("b2", now).await.ok().flatten().is_none());

    let longer = StoredSession { expires_at: later + Duration::from_mins(1), ..taken };
    store.save_session(&longer).await.expect("over the old one");
    assert!(store.session("a1", later).await.ok().flatten() == Some(longer));
    store.delete_session("a1").await.expect("it goes");
    store.delete_session("a1").await.expect("and may be gone already");
    assert!(store.session("a1", now).await.ok().flatten().is_none());
    store.save_session(&session).await.expect("anew");
    assert!(store.session("a1", now).await.ok().flatten() == Some(session));
}

pub async fn expired_sessions_are_removed_and_counted(store: Arc<dyn AnyStore>) {
    let world = World::open(store.clone(), 1).await;
    let now = world.now();
    for (token_hash, seconds) in [("past", 0), ("soon", 1), ("later", 2)] {
        let expires_at = now + Duration::from_secs(seconds);
        let session = StoredSession { token_hash: token_hash.to_owned(), data: "{}".to_owned(), expires_at };
        assert_eq!(store.insert_session(&session).await.ok(), Some(true));
    }
    assert_eq!(store.delete_expired_sessions(now + Duration::from_secs(1)).await.ok(), Some(2));
    assert_eq!(store.delete_expired_sessions(now + Duration::from_secs(1)).await.ok(), Some(0));
    assert!(store.session("later", now).await.ok().flatten().is_some());
}
