//! Accounts and sessions.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;

use super::settled;
use crate::{
    account::{Account, Principal, StoredSession},
    ids::UserId,
    money::Credits,
    purchase::{FailureReason, Purchase},
    store::{InsertedSale, SignUp, StoreError},
    testing::{AnyStore, harness::Harness},
    wallet::Funds,
};

pub async fn an_account_is_found_by_address_and_by_id(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let account = harness.account();
    assert_eq!(store.account_by_email(&account.principal.email).await.unwrap_or(None), None);
    assert_eq!(store.insert_account(&account).await.ok(), Some(SignUp::Created(account.principal.tenant_id)));
    assert!(store.account_by_email(&account.principal.email).await.ok().flatten() == Some(account.clone()));
    assert!(store.account(account.principal.user_id).await.ok().flatten() == Some(account));
}

pub async fn a_taken_address_writes_neither_tenant_nor_user(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let mut second = harness.account();
    second.principal.email = harness.principal.email.clone();
    assert_eq!(store.insert_account(&second).await.ok(), Some(SignUp::EmailTaken));
    assert!(store.account(second.principal.user_id).await.expect("the store answers").is_none());
    let first = store.account_by_email(&harness.principal.email).await.expect("the store answers");
    assert_eq!(first.map(|account| account.principal), Some(harness.principal.clone()));
    // If the failed sign-up had left its tenant behind, this one would violate a constraint.
    second.principal.email = harness.account().principal.email;
    assert_eq!(store.insert_account(&second).await.ok(), Some(SignUp::Created(second.principal.tenant_id)));
    second.principal.email = harness.account().principal.email;
    let refused = store.insert_account(&second).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

pub async fn an_ended_session_signs_nobody_in(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let now = harness.now();
    let later = now + Duration::from_mins(1);
    let session = session("a1", None, later);
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
    // As a request does that was under way when the session ended.
    store.save_session(&session).await.expect("no error");
    assert!(store.session("a1", now).await.ok().flatten().is_none(), "it stays ended");
}

pub async fn expired_sessions_are_removed_and_counted(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let now = harness.now();
    for (token_hash, seconds) in [("past", 0), ("soon", 1), ("later", 2)] {
        let expires_at = now + Duration::from_secs(seconds);
        let session = session(token_hash, None, expires_at);
        assert_eq!(store.insert_session(&session).await.ok(), Some(true));
    }
    assert_eq!(store.delete_expired_sessions(now + Duration::from_secs(1)).await.ok(), Some(2));
    assert_eq!(store.delete_expired_sessions(now + Duration::from_secs(1)).await.ok(), Some(0));
    assert!(store.session("later", now).await.ok().flatten().is_some());
}

pub async fn a_session_tells_who_is_signed_in_and_what_they_have(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let now = harness.now();
    let later = now + Duration::from_mins(1);
    for (token_hash, user_id) in
        [("kim", Some(harness.principal.user_id)), ("lee", Some(other.user_id)), ("nobody", None)]
    {
        assert_eq!(store.insert_session(&session(token_hash, user_id, later)).await.ok(), Some(true));
    }
    let owners = async |token_hashes: &[&str], now| {
        let token_hashes: Vec<_> = token_hashes.iter().copied().map(str::to_owned).collect();
        let owners = store.lookup_sessions(&token_hashes, now).await.expect("the store answers");
        let count = owners.len();
        let owners: BTreeMap<_, _> = owners.into_iter().collect();
        assert_eq!(owners.len(), count, "each session once");
        owners
    };
    let owner = async |token_hash, now| owners(&[token_hash], now).await.remove(token_hash);
    let told = async |token_hash| owner(token_hash, now).await.map(|owner| (owner.principal, owner.funds, owner.data));
    let data = || "{}".to_owned();
    assert_eq!(told("kim").await, Some((harness.principal.clone(), funds(0, 0), data())));
    settled(&harness).await;
    settled(&harness).await;
    assert_eq!(told("kim").await, Some((harness.principal.clone(), funds(10, 2), data())));
    assert_eq!(told("lee").await, Some((other.clone(), funds(0, 0), data())));
    assert!(told("nobody").await.is_none() && told("unknown").await.is_none());
    assert!(owner("kim", later).await.is_none(), "it ends at that instant");
    // One query returns each session's own user, and no other session.
    let all = owners(&["lee", "kim", "unknown", "kim", "nobody"], now).await;
    let told_of: Vec<_> = all.iter().map(|(hash, owner)| (hash.as_str(), &owner.principal, owner.funds)).collect();
    assert_eq!(told_of, [("kim", &harness.principal, funds(10, 2)), ("lee", &other, funds(0, 0))]);
    assert!(owners(&[], now).await.is_empty());
    store.delete_session("kim").await.expect("it goes");
    assert!(told("kim").await.is_none());
    // Every change to one of the tenant's purchases counts; changes to those of others do not.
    let changes = async || owner("lee", now).await.map(|owner| owner.changes);
    let before = changes().await;
    let pending = harness.purchase_of(&other, None);
    super::insert(&harness, &pending).await;
    let ordered = changes().await;
    let noted = super::apply(&harness, super::bare(Purchase { payment_ref: Some("pi_1".to_owned()), ..pending })).await;
    let processing = changes().await;
    let state = noted.state.fail(FailureReason::Expired, now).expect("pending");
    super::apply(&harness, super::bare(Purchase { state, ..noted })).await;
    let failed = changes().await;
    settled(&harness).await;
    assert!(before < ordered && ordered < processing && processing < failed, "{before:?} {ordered:?} {failed:?}");
    assert_eq!(changes().await, failed);

    // A user signs in with a session that exists already.
    store.save_session(&session("nobody", Some(harness.principal.user_id), later)).await.expect("over the old one");
    assert_eq!(told("nobody").await.map(|(principal, ..)| principal), Some(harness.principal.clone()));
}

pub async fn a_new_password_ends_every_session_of_its_user_and_no_other(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let other = harness.another_principal().await;
    let now = harness.now();
    let sessions = [
        ("kim 1", Some(harness.principal.user_id)),
        ("kim 2", Some(harness.principal.user_id)),
        ("lee", Some(other.user_id)),
        ("nobody", None),
    ];
    for (token_hash, user_id) in sessions {
        let session = session(token_hash, user_id, now + Duration::from_mins(1));
        assert_eq!(store.insert_session(&session).await.ok(), Some(true));
    }
    let unknown = harness.account().principal.user_id;
    assert_eq!(store.set_password(unknown, "new").await.ok(), Some(None), "there is no such user");
    assert_eq!(store.set_password(harness.principal.user_id, "new").await.ok(), Some(Some(2)));
    for (token_hash, user_id) in sessions {
        let alive = store.session(token_hash, now).await.expect("the store answers").is_some();
        assert_eq!(alive, user_id != Some(harness.principal.user_id), "{token_hash}");
    }
    let hash = async |user_id| store.account(user_id).await.ok().flatten().map(|account| account.password_hash);
    assert_eq!(hash(harness.principal.user_id).await.as_deref(), Some("new"));
    assert_ne!(hash(other.user_id).await.as_deref(), Some("new"));
}

fn session(token_hash: &str, user_id: Option<UserId>, expires_at: Timestamp) -> StoredSession {
    StoredSession { token_hash: token_hash.to_owned(), user_id, data: "{}".to_owned(), expires_at }
}

pub async fn a_lost_sale_is_written_with_its_tenant_and_user_or_not_at_all(store: Arc<dyn AnyStore>) {
    let harness = Harness::open(store.clone(), 1).await;
    let lost = harness.account();
    let sale = harness.purchase_of(&lost.principal, None);
    let taken = Account {
        principal: Principal { email: harness.principal.email.clone(), ..lost.principal.clone() },
        ..lost.clone()
    };
    assert_eq!(store.insert_sale(&taken, &sale).await.ok(), Some(InsertedSale::EmailTaken));
    assert_eq!(store.account(lost.principal.user_id).await.ok(), Some(None));
    assert_eq!(store.purchase(sale.tenant_id, sale.id).await.ok(), Some(None));

    assert_eq!(store.insert_sale(&lost, &sale).await.ok(), Some(InsertedSale::Yes));
    assert_eq!(store.account(lost.principal.user_id).await.ok(), Some(Some(lost.clone())));
    assert_eq!(store.purchase(sale.tenant_id, sale.id).await.ok(), Some(Some(sale.clone())));
    // If the user exists, only the sale is written.
    let another = harness.purchase_of(&lost.principal, None);
    let changed = Account { password_hash: "another".to_owned(), ..lost.clone() };
    assert_eq!(store.insert_sale(&changed, &another).await.ok(), Some(InsertedSale::Yes));
    assert_eq!(store.account(lost.principal.user_id).await.ok(), Some(Some(lost.clone())));
    let again = store.insert_sale(&lost, &sale).await;
    assert!(matches!(again, Err(StoreError::Refused(_))), "{again:?}");
}

fn funds(balance: i64, seq: i64) -> Funds {
    Funds { balance: Credits(balance), held: Credits(0), seq }
}
