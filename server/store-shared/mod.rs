//! What both stores say in the same words: SQL that SQLite and PostgreSQL both understand, compiled once into each
//! store crate and checked there against that crate's own database. What differs is in each crate's `dialect`
//! and `commit`.
//!
//! # Transactions
//! Reads are single statements, and writes too, except as said here:
//!
//! [`Store::commit`](billing::store::Store::commit) writes the changes that arrive together as one group (`commits.rs`).
//! How is each crate's own (`commit.rs`): one statement for all of them on PostgreSQL, where each one costs a round trip;
//! several for each under the write lock on SQLite. Both update a purchase only at the version that the change was
//! decided from, and write nothing of the change when it has moved on; then come the ledger entries, with the tenant's
//! ledger locked, the event, and the mail that is owed; and whatever changes a purchase is counted on its tenant's row at
//! the end. Everybody locks purchases first and then tenants, each in the order of their ids, and an event is about one
//! purchase alone, so nobody waits in a circle.
//!
//! [`PurchaseStore::insert_purchase`](billing::store::PurchaseStore::insert_purchase) is one statement. Where orders
//! are limited, on PostgreSQL it locks the tenant's row before it counts (`may_order`) and looks for its key; so it
//! then inserts without waiting for anybody who has locked a purchase.
//!
//! [`EventStore::close_event`](billing::store::EventStore::close_event) stores an event closed, or, if it is there
//! already, closes that one; each of the two is whole by itself.
//!
//! [`WithdrawalStore::insert_withdrawal`](billing::store::WithdrawalStore::insert_withdrawal): the declaration, then
//! the mail that acknowledges it.
//!
//! [`AccountStore::insert_account`](billing::store::AccountStore::insert_account): the address's lock, on PostgreSQL;
//! the row of the tenant that the platform has named with that address, or a new tenant; then the user. A taken address
//! rolls all of it back.
//!
//! [`TenantStore::upsert_tenant`](billing::store::TenantStore::upsert_tenant): where the external id is new, the lock of
//! the profile's address, on PostgreSQL; then the tenant and its external id. Nobody who waits for an address has locked
//! anything else.
//!
//! [`AccountStore::set_password`](billing::store::AccountStore::set_password): the user, then the user's sessions.
//!
//! [`AccountStore::insert_sale`](billing::store::AccountStore::insert_sale): tenant, user, purchase; an address that
//! another account has rolls all of it back.
//!
//! [`WalletStore::execute`](billing::store::WalletStore::execute) and
//! [`WalletStore::expire_holds`](billing::store::WalletStore::expire_holds): what they change, then the webhook events that
//! it owes.
//!
//! [`WebhookStore::disable_webhook_endpoint`](billing::store::WebhookStore::disable_webhook_endpoint): the endpoint, its
//! deliveries, the mail to the operator. Enabling and removing: the endpoint, its deliveries.
//!
//! [`ReceiptStore::number_receipts`](billing::store::ReceiptStore::number_receipts): the seller's row, then the
//! receipts with the purchases that they are of. Nobody who has locked a purchase goes on to a seller.

mod accounts;
mod api_keys;
mod backlog;
pub(crate) mod change_rows;
pub(crate) mod commits;
mod consent;
pub(crate) mod error;
pub(crate) mod events;
mod ledger;
mod limits;
pub(crate) mod mails;
mod migrate;
mod purchases;
mod receipts;
pub(crate) mod row;
mod statements;
mod store;
mod tenants;
mod wallet;
mod wallet_groups;
mod wallet_rows;
mod webhook_rows;
pub(crate) mod webhooks;
mod withdrawals;

pub(crate) use error::{is_suspect, store_error};
pub use limits::Limits;
pub use migrate::MigrateError;
pub(crate) use migrate::{check_migrated, migrate_to};
pub(crate) use statements::{CHECKED_AFTER, NewPurchaseRow, SessionRow, insert_purchase, select_sessions};
pub(crate) use wallet_groups::{Locked, Named, WaveRows};
pub(crate) use wallet_rows::{HoldRow, KeyRow, StoredGrant, StoredSpend, WalletRow};
pub(crate) use webhook_rows::ClaimedRow;
