//! The domain of the credit shop: the catalogue, purchases, the ledger, and the use cases over them.
//!
//! The crate does no I/O. The database, the payment provider, time and randomness are ports, which the server
//! implements.
//!
//! # Words
//! A **tenant** owns a **balance** of credits. It buys **products**; each order is a **purchase**, paid on the
//! provider's **checkout session**. A **payment event** is a verified notification from the provider. To **settle** a
//! purchase is to make it PAID and book its credits, in one transaction. A **platform** spends, holds and grants a tenant's
//! credits: see [`wallet`].
//!
//! # Layers
//! A module imports from those above it in this list, and no two import each other.
//!
//! 1. Values: [`ids`], [`money`], [`clock`], [`locale`], [`consent`], [`catalog`].
//! 2. Entities: [`ledger`] entries, [`reversal`] (refunds and disputes), [`receipt`], [`purchase`] and its state
//!    machine, [`account`], [`withdrawal`], [`mail`], [`checkout_session`], payment [`event`], the [`wallet`], the
//!    platform's [`tenant`]s and [`api_key`]s, [`outgoing_webhook`]s.
//! 3. Ports: [`provider`] to the payment provider, [`store`] to the database, with a trait for each noun.
//! 4. Use cases: [`billing`]. An order opens a checkout session; an event is ingested, then processed; both settle the
//!    purchase, and then book its refunds and disputes. [`platform`]: what a platform does.
//!
//! `testing` has an in-memory store, a scripted provider, and the conformance suite that every store runs.
//!
//! # Invariants
//! 1. A tenant's balance is the sum of its [ledger] entries. Reading it costs the same however many there are.
//! 2. Ledger entries are only ever added.
//! 3. A purchase is credited at most once, whatever the number and order of notifications and processes.
//! 4. Credits are booked only for the payment that was ordered: amount, currency and livemode must match.
//! 5. No query returns another tenant's row.
//! 6. An authentic event is stored before the provider gets its answer.
//! 7. A spend never takes more than is available, and a platform's request has one effect, however often it comes.
//!
//! This crate enforces them by construction, the databases by constraints and triggers.

pub mod account;
pub mod api_key;
pub mod billing;
pub mod catalog;
pub mod checkout_session;
pub mod clock;
pub mod consent;
pub mod event;
pub mod ids;
pub mod ledger;
pub mod locale;
pub mod mail;
pub mod money;
pub mod outgoing_webhook;
pub mod platform;
pub mod provider;
pub mod purchase;
pub mod receipt;
pub mod reversal;
pub mod store;
pub mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
pub mod wallet;
pub mod webhooks;
pub mod withdrawal;

pub use billing::{Billing, BillingError, Order, OrderError};
pub use platform::Platform;
pub use webhooks::Webhooks;
