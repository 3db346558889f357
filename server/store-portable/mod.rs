//! What both stores say in the same words: SQL that SQLite and PostgreSQL both understand, compiled once into each
//! store crate and checked there against that crate's own database. What differs is in each crate's `dialect`.
//!
//! # Transactions
//! Reads are single statements. Writes are single statements too, but for two:
//!
//! [`Store::commit`](billing::store::Store::commit), in this order:
//! 1. `BEGIN` (on SQLite `IMMEDIATE`: it waits its turn here, and never fails half way).
//! 2. `UPDATE purchases … WHERE tenant_id AND id AND version`: locks the purchase; no row means stale, and rolls back.
//! 3. With an entry: lock the tenant's ledger (PostgreSQL: the tenant's row, `FOR NO KEY UPDATE`), then one
//!    `INSERT INTO ledger_entries … SELECT` that reads the newest entry and chains the new one to it.
//! 4. With an event: `UPDATE payment_events … WHERE status = 'RECEIVED'`.
//! 5. `COMMIT`.
//!
//! Purchase, then tenant, then event: everybody locks in this order, so nobody waits in a circle. The tenant's row is
//! locked last but one and for two statements, and ordering does not touch it.
//!
//! [`AccountStore::insert_account`](billing::account::AccountStore::insert_account): tenant, then user; a taken address
//! rolls both back.

mod accounts;
mod error;
pub(crate) mod events;
mod migrate;
mod purchases;
pub(crate) mod row;
mod store;

pub(crate) use error::store_error;
pub use migrate::MigrateError;
pub(crate) use migrate::{check_migrated, migrate};
