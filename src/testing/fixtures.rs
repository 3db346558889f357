//! A shop to test with: time that steps, randomness that repeats, and signed-up customers.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use jiff::{SignedDuration, Timestamp};

use super::{AnyStore, provider::ScriptedProvider};
use crate::{
    Billing,
    account::{Account, Principal},
    catalog::CATALOG,
    clock::{Clock, Entropy},
    consent::{ConsentText, ConsentVersion},
    event::{EventMeaning, IncomingEvent, NewEvent},
    ids::{EntryId, EventId, PurchaseId, TenantId, UserId},
    ledger::{Entry, EntryKind, NewEntry},
    locale::Locale,
    provider::CheckoutSession,
    purchase::{Checkout, Item, OrderKey, Pending, Purchase, State},
    receipt::{Issuer, Seller},
    reversal::Reversals,
    store::{PageRequest, SignUp},
};

/// 1 January 2026, UTC.
const START_MICROS: i64 = 1_767_225_600_000_000;

/// A clock that goes on by a millisecond each time somebody looks.
#[derive(Debug)]
pub struct SteppingClock(AtomicI64);

impl Default for SteppingClock {
    fn default() -> Self {
        Self(AtomicI64::new(START_MICROS))
    }
}

impl SteppingClock {
    /// Time passes.
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).expect("a test's patience is bounded"), Ordering::Relaxed);
    }
}

impl Clock for SteppingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_microsecond(self.0.fetch_add(1_000, Ordering::Relaxed))
            .expect("a test ends before the year 9999")
    }
}

/// Bytes that look random, and are the same for the same seed.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    drawn: AtomicU64,
}

impl SeededEntropy {
    /// Begins a sequence.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    /// A bijection of seed and count: two draws never give the same bytes.
    fn bytes(&self) -> [u8; 10] {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mixed = self.seed.rotate_left(32).wrapping_add(count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&mixed.to_be_bytes());
        bytes
    }
}

/// A shop on a store, with a customer.
#[derive(Clone)]
pub struct World {
    /// The use cases.
    pub billing: Billing,
    /// What they are put upon.
    pub store: Arc<dyn AnyStore>,
    /// Where the money comes from.
    pub provider: Arc<ScriptedProvider>,
    /// The time.
    pub clock: Arc<SteppingClock>,
    /// The randomness.
    pub entropy: Arc<SeededEntropy>,
    /// A signed-up customer.
    pub caller: Principal,
}

impl World {
    /// Opens a shop; no two on one store may share a seed.
    pub async fn open(store: Arc<dyn AnyStore>, seed: u64) -> Self {
        let clock = Arc::new(SteppingClock::default());
        let entropy = Arc::new(SeededEntropy::new(seed));
        let provider = Arc::new(ScriptedProvider::at(clock.clone()));
        let billing = Billing::new(store.clone(), provider.clone(), clock.clone(), entropy.clone());
        let caller = sign_up(store.as_ref(), clock.as_ref(), entropy.as_ref()).await;
        Self { billing, store, provider, clock, entropy, caller }
    }

    /// Signs up one more customer, of a tenant of their own.
    pub async fn another_caller(&self) -> Principal {
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
        self.purchase_of(&self.caller, None)
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
            purchase_id: purchase.id,
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

    /// A tenant's entries, oldest first. Panics when they are not a chain, or the balance is not its end.
    pub async fn unbroken_ledger(&self, tenant: TenantId) -> Vec<Entry> {
        let balance = async || self.billing.balance(tenant).await.expect("the store answers");
        // A statement whose caller was dropped may still be under way in the database: look until nothing moves.
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

/// The checkout session that the scripted provider opens for a purchase.
pub fn checkout(purchase: &Purchase) -> Checkout {
    let provider_ref = format!("cs_test_{}", purchase.id);
    let url = format!("https://checkout.example/{provider_ref}");
    Checkout { provider_ref, url }
}

/// The notification that a checkout session is now as given.
pub fn session_event(provider_event_id: &str, session: CheckoutSession) -> IncomingEvent {
    incoming(provider_event_id, EventMeaning::Checkout(session))
}

/// A notification of any meaning.
pub fn incoming(provider_event_id: &str, meaning: EventMeaning) -> IncomingEvent {
    IncomingEvent {
        provider_event_id: provider_event_id.to_owned(),
        event_type: "checkout.session.completed".to_owned(),
        api_version: Some("2026-09-30.endive".to_owned()),
        livemode: false,
        payload: b"{\"id\":\"evt\"}\x00\xff".to_vec(),
        meaning,
    }
}

fn account(clock: &SteppingClock, entropy: &SeededEntropy) -> Account {
    let now = clock.now();
    let user_id = UserId::new(now, entropy);
    let email = format!("{user_id}@example.com").parse().expect("a good address");
    let caller = Principal { tenant_id: TenantId::new(now, entropy), user_id, email };
    Account { caller, password_hash: "$argon2id$…".to_owned(), created_at: now }
}

async fn sign_up(store: &dyn AnyStore, clock: &SteppingClock, entropy: &SeededEntropy) -> Principal {
    let account = account(clock, entropy);
    let outcome = store.insert_account(&account).await.expect("the store takes an account");
    assert_eq!(outcome, SignUp::Created);
    account.caller
}

/// The version of [`consent_text`].
pub fn consent_version() -> ConsentVersion {
    "test-1".parse().expect("a good version")
}

/// A wording to agree to.
pub fn consent_text() -> ConsentText {
    ConsentText { version: consent_version(), locale: Locale::En, text: "At once, please.".to_owned() }
}

/// Who issues receipts, at 19 %.
pub fn issuer() -> Issuer {
    let seller = Seller {
        name: "Muster GmbH".to_owned(),
        address: vec!["Musterstraße 1".to_owned(), "10115 Berlin".to_owned()],
        vat_id: "DE123456789".to_owned(),
    };
    Issuer { seller, vat_rate_basis_points: 1_900 }
}
