//! Accounts and sessions of the model.

use std::collections::BTreeSet;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{MemoryStore, lock, rules, yield_now};
use crate::{
    account::{Account, EmailAddress, Principal, SessionLookup, StoredSession},
    ids::UserId,
    purchase::Purchase,
    store::{AccountStore, InsertedSale, SignUp, StoreError},
};

#[async_trait]
impl AccountStore for MemoryStore {
    async fn insert_account(&self, account: &Account) -> Result<SignUp, StoreError> {
        yield_now().await;
        let tables = &mut *lock(&self.tables);
        if tables.users.values().any(|other| other.principal.email == account.principal.email) {
            return Ok(SignUp::EmailTaken);
        }
        let joined = tables.tenant_without_user(&account.principal.email);
        rules::refuse_if(joined.is_none() && tables.has_tenant(account.principal.tenant_id), "tenants_pkey")?;
        rules::refuse_if(tables.users.contains_key(&account.principal.user_id), "users_pkey")?;
        let mut account = account.clone();
        account.principal.tenant_id = joined.unwrap_or(account.principal.tenant_id);
        let tenant = account.principal.tenant_id;
        tables.users.insert(account.principal.user_id, account);
        Ok(SignUp::Created(tenant))
    }

    async fn insert_sale(&self, account: &Account, purchase: &Purchase) -> Result<InsertedSale, StoreError> {
        yield_now().await;
        let mut tables = lock(&self.tables);
        let Principal { user_id, tenant_id, email } = &account.principal;
        let missing = !tables.users.contains_key(user_id);
        if missing && tables.users.values().any(|other| other.principal.email == *email) {
            return Ok(InsertedSale::EmailTaken);
        }
        rules::refuse_if(
            purchase.ordered_by != *user_id || purchase.tenant_id != *tenant_id,
            "purchases_ordered_by_fkey",
        )?;
        rules::refuse_if(tables.purchases.contains_key(&purchase.id), "purchases_id_key")?;
        if missing {
            tables.users.insert(*user_id, account.clone());
        }
        rules::may_insert(&tables, purchase)?;
        tables.purchases.insert(purchase.id, purchase.clone());
        tables.check_after.insert(purchase.id, purchase.created_at + SignedDuration::from_mins(5));
        self.tell(purchase.tenant_id);
        Ok(InsertedSale::Yes)
    }

    async fn account_by_email(&self, email: &EmailAddress) -> Result<Option<Account>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).users.values().find(|account| account.principal.email == *email).cloned())
    }

    async fn account(&self, user_id: UserId) -> Result<Option<Account>, StoreError> {
        yield_now().await;
        Ok(lock(&self.tables).users.get(&user_id).cloned())
    }

    async fn set_password(&self, user_id: UserId, password_hash: &str) -> Result<Option<u64>, StoreError> {
        yield_now().await;
        let tables = &mut *lock(&self.tables);
        let Some(account) = tables.users.get_mut(&user_id) else { return Ok(None) };
        password_hash.clone_into(&mut account.password_hash);
        let before = tables.sessions.len();
        tables.sessions.retain(|_, session| session.user_id != Some(user_id));
        Ok(u64::try_from(before - tables.sessions.len()).ok())
    }

    async fn insert_session(&self, session: &StoredSession) -> Result<bool, StoreError> {
        yield_now().await;
        let sessions = &mut lock(&self.tables).sessions;
        if sessions.contains_key(&session.token_hash) {
            return Ok(false);
        }
        sessions.insert(session.token_hash.clone(), session.clone());
        Ok(true)
    }

    async fn save_session(&self, session: &StoredSession) -> Result<(), StoreError> {
        yield_now().await;
        if let Some(stored) = lock(&self.tables).sessions.get_mut(&session.token_hash) {
            stored.clone_from(session);
        }
        Ok(())
    }

    async fn session(&self, token_hash: &str, now: Timestamp) -> Result<Option<StoredSession>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        Ok(tables.sessions.get(token_hash).filter(|session| session.expires_at > now).cloned())
    }

    async fn lookup_sessions(
        &self,
        token_hashes: &[String],
        now: Timestamp,
    ) -> Result<Vec<(String, SessionLookup)>, StoreError> {
        yield_now().await;
        let tables = lock(&self.tables);
        let asked: BTreeSet<_> = token_hashes.iter().collect();
        let sessions = asked.into_iter().filter_map(|token_hash| tables.sessions.get(token_hash));
        let owners = sessions.filter(|session| session.expires_at > now).filter_map(|session| {
            let principal = tables.users.get(&session.user_id?)?.principal.clone();
            let own = tables.purchases.values().filter(|purchase| purchase.tenant_id == principal.tenant_id);
            let changes = own.map(|purchase| purchase.version).sum();
            let funds = tables.wallet_of(principal.tenant_id, &[]).funds(now);
            let data = session.data.clone();
            Some((session.token_hash.clone(), SessionLookup { principal, funds, changes, data }))
        });
        Ok(owners.collect())
    }

    async fn delete_session(&self, token_hash: &str) -> Result<(), StoreError> {
        yield_now().await;
        lock(&self.tables).sessions.remove(token_hash);
        Ok(())
    }

    async fn delete_expired_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        yield_now().await;
        let sessions = &mut lock(&self.tables).sessions;
        let before = sessions.len();
        sessions.retain(|_, session| session.expires_at > now);
        Ok(u64::try_from(before - sessions.len()).unwrap_or(u64::MAX))
    }
}
