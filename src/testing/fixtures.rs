//! Test values: a stepping clock, seeded randomness, sample accounts, events and texts.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};

use crate::{
    account::{Account, Principal},
    clock::{Clock, Entropy},
    consent::{ConsentText, ConsentVersion},
    event::{EventMeaning, IncomingEvent},
    ids::{TenantId, UserId},
    locale::Locale,
    provider::CheckoutSession,
    purchase::{Checkout, Purchase},
    receipt::{Issuer, Seller},
};

/// 1 January 2026, UTC.
const START_MICROS: i64 = 1_767_225_600_000_000;

/// A clock that advances by a millisecond each time it is read.
#[derive(Debug)]
pub struct SteppingClock(AtomicI64);

impl Default for SteppingClock {
    fn default() -> Self {
        Self(AtomicI64::new(START_MICROS))
    }
}

impl SteppingClock {
    /// Advances the clock.
    pub fn advance(&self, by: SignedDuration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).expect("a test waits less than centuries"), Ordering::Relaxed);
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
    /// Starts a sequence.
    pub fn new(seed: u64) -> Self {
        Self { seed, drawn: AtomicU64::new(0) }
    }
}

impl Entropy for SeededEntropy {
    /// A bijection of seed and count, so that no two draws are equal.
    fn bytes(&self) -> [u8; 10] {
        let count = self.drawn.fetch_add(1, Ordering::Relaxed);
        let mixed = self.seed.rotate_left(32).wrapping_add(count).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut bytes = [0; 10];
        bytes[..8].copy_from_slice(&mixed.to_be_bytes());
        bytes
    }
}

/// The checkout session that the scripted provider opens for a purchase.
pub fn checkout(purchase: &Purchase) -> Checkout {
    let provider_ref = format!("cs_test_{}", purchase.id);
    let url = format!("https://checkout.example/{provider_ref}");
    Checkout { provider_ref, url }
}

/// A notification about a checkout session.
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

pub(super) fn account(clock: &SteppingClock, entropy: &SeededEntropy) -> Account {
    let now = clock.now();
    let user_id = UserId::new(now, entropy);
    let email = format!("{user_id}@example.com").parse().expect("a good address");
    let principal = Principal { tenant_id: TenantId::new(now, entropy), user_id, email };
    Account { principal, password_hash: "$argon2id$…".to_owned(), created_at: now }
}

/// The version of [`consent_text`].
pub fn consent_version() -> ConsentVersion {
    "test-1".parse().expect("a good version")
}

/// A wording of the consent.
pub fn consent_text() -> ConsentText {
    ConsentText { version: consent_version(), locale: Locale::En, text: "At once, please.".to_owned() }
}

/// A seller with 19 % VAT.
pub fn issuer() -> Issuer {
    let seller = Seller {
        name: "Muster GmbH".to_owned(),
        address: vec!["Musterstraße 1".to_owned(), "10115 Berlin".to_owned()],
        vat_id: "DE123456789".to_owned(),
    };
    Issuer { seller, vat_rate_basis_points: 1_900 }
}
