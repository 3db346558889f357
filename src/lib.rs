//! The domain of the credit shop: what is sold, how a purchase goes, and a ledger that is right to the credit.
//! No I/O: the database, the payment provider, time and randomness are ports that the server fills.
//!
//! # Words
//! A **tenant** owns a **balance** of credits. It buys **products**; each order is a **purchase**, paid on the
//! provider's **checkout session**. A **payment event** is a verified notification of the provider's. To **settle** a
//! purchase is to make it PAID and book its credits, in one transaction.
//!
//! # Invariants
//! 1. A tenant's balance is the sum of its [ledger] entries, and costs the same to read however many there are.
//! 2. Ledger entries are only ever added.
//! 3. A purchase is credited at most once, whatever arrives, in whatever order, in however many processes.
//! 4. What is credited is what was sold: amount, currency and livemode must match, or nothing is booked.
//! 5. No query returns another tenant's row.
//! 6. An authentic event is stored before the provider is told so.
//!
//! The code here keeps them by construction, the databases by constraints and triggers, and the suite in `testing`
//! tries to break them on every store.
//!
//! # Where to look
//! [`billing`] has the use cases and the money path; [`purchase`] the state machine; [`store`] and [`provider`] the
//! ports.

pub mod account;
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
pub mod provider;
pub mod purchase;
pub mod receipt;
pub mod reversal;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;
pub mod withdrawal;

pub use billing::{Billing, BillingError, Order, OrderError};
