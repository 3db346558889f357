//! The use cases on a store, with a provider, clock and randomness that a test controls.

use std::sync::Arc;

use jiff::Timestamp;

use super::{
    AnyStore,
    fixtures::{SeededEntropy, SteppingClock, account, consent_version, incoming},
    provider::ScriptedProvider,
};
use crate::{
    Billing,
    account::{Account, Principal},
    catalog::CATALOG,
    clock::Clock,
    event::{EventMeaning, NewEvent},
    ids::{EntryId, EventId, PurchaseId, TenantId},
    ledger::{Entry, EntryKind, NewEntry, Source},
    locale::Locale,
    purchase::{Item, OrderKey, Pending, Purchase, State},
    reversal::Reversals,
    store::{PageRequest, SignUp},
};

/// A shop on a store, with a customer.
#[derive(Clone)]
pub struct Harness {
    /// The use cases.
    pub billing: Billing,
    /// Their store.
    pub store: Arc<dyn AnyStore>,
    /// Their payment provider.
    pub provider: Arc<ScriptedProvider>,
    /// The time.
    pub clock: Arc<SteppingClock>,
    /// The randomness.
    pub entropy: Arc<SeededEntropy>,
    /// A signed-up customer.
    pub principal: Principal,
}

impl Harness {
    /// Opens a shop; no two on one store may share a seed.
    pub async fn open(store: Arc<dyn AnyStore>, seed: u64) -> Self {
        let clock = Arc::new(SteppingClock::default());
        let entropy = Arc::new(SeededEntropy::new(seed));
        let provider = Arc::new(ScriptedProvider::at(clock.clone()));
        let billing = Billing::new(store.clone(), provider.clone(), clock.clone(), entropy.clone());
        let principal = sign_up(store.as_ref(), clock.as_ref(), entropy.as_ref()).await;
        Self { billing, store, provider, clock, entropy, principal }
    }

    /// Signs up one more customer, of a tenant of their own.
    pub async fn another_principal(&self) -> Principal {
        sign_up(self.store.as_ref(), self.clock.as_ref(), self.entropy.as_ref()).await
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// An account, not stored.
    pub fn account(&self) -> Account {
        account(self.clock.as_ref(), self.entropy.as_ref())
    }

    /// A fresh purchase of the customer's: 5 credits, not stored.
    pub fn purchase(&self) -> Purchase {
        self.purchase_of(&self.principal, None)
    }

    /// A fresh purchase, not stored.
    pub fn purchase_of(&self, buyer: &Principal, order_key: Option<&str>) -> Purchase {
        let now = self.now();
        Purchase {
            id: PurchaseId::new(now, self.entropy.as_ref()),
            tenant_id: buyer.tenant_id,
            ordered_by: buyer.user_id,
            order_key: order_key.map(|key| key.parse::<OrderKey>().expect("a good order key")),
            item: Item::from(&CATALOG[1]),
            locale: Locale::En,
            consent: Some(consent_version()),
            checkout: None,
            payment_ref: None,
            state: State::Pending(Pending),
            reversals: Reversals::default(),
            receipt_number: None,
            created_at: now,
            updated_at: now,
            version: 1,
        }
    }

    /// The entry that settles a purchase.
    pub fn entry(&self, purchase: &Purchase) -> NewEntry {
        let now = self.now();
        NewEntry {
            id: EntryId::new(now, self.entropy.as_ref()),
            tenant_id: purchase.tenant_id,
            source: Source::Purchase(purchase.id),
            kind: EntryKind::Purchase,
            effect_ref: String::new(),
            credits: purchase.item.credits,
            created_at: now,
        }
    }

    /// All of a tenant's purchases, oldest first.
    pub async fn purchases(&self, tenant: TenantId) -> Vec<Purchase> {
        let page = PageRequest { limit: 1_000, older_than: None };
        let mut all = self.store.purchases(tenant, page).await.expect("the store answers");
        all.reverse();
        all
    }

    /// A tenant's entries, oldest first. Panics when they are not a chain, or the balance is not that of the last one.
    pub async fn unbroken_ledger(&self, tenant: TenantId) -> Vec<Entry> {
        let balance = async || self.billing.balance(tenant).await.expect("the store answers");
        // A statement whose caller was dropped may still run in the database, so read until nothing changes.
        let (mut ledger, mut balance_before) = (Vec::new(), balance().await);
        loop {
            for purchase in self.purchases(tenant).await {
                ledger.extend(self.store.entries(tenant, purchase.id).await.expect("the store answers"));
            }
            let balance_after = balance().await;
            if balance_before == balance_after {
                break;
            }
            balance_before = balance_after;
            ledger.clear();
        }
        ledger.sort_by_key(|entry| entry.seq);
        let mut sum = 0;
        for (entry, seq) in ledger.iter().zip(1..) {
            sum += entry.booked.credits.0;
            assert_eq!((entry.seq, entry.balance_after.0), (seq, sum), "the chain has a break");
        }
        assert_eq!(balance_before.credits.0, sum);
        assert_eq!(usize::try_from(balance_before.seq).ok(), Some(ledger.len()));
        ledger
    }

    /// An event about to be stored.
    pub fn event(&self, provider_event_id: &str) -> NewEvent {
        let now = self.now();
        let incoming = incoming(provider_event_id, EventMeaning::Irrelevant("a test's"));
        NewEvent { id: EventId::new(now, self.entropy.as_ref()), incoming, received_at: now }
    }
}

async fn sign_up(store: &dyn AnyStore, clock: &SteppingClock, entropy: &SeededEntropy) -> Principal {
    let account = account(clock, entropy);
    let outcome = store.insert_account(&account).await.expect("the store takes an account");
    assert_eq!(outcome, SignUp::Created(account.principal.tenant_id));
    account.principal
}
