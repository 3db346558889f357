//! The tests of every store, and those for SQLite only, on SQLite.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod backup;
mod disk;
mod file;
#[path = "../../../store-shared/tests/mod.rs"]
mod portable;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use store_sqlite::{MigrateError, SqliteStore as Store, testing::TestDatabase};

/// SQLite's type for bytes.
const BYTES: &str = "BLOB";

/// Attacks that only SQLite's SQL can express: REPLACE deletes rows without firing their triggers.
const ATTACKS: &[(&str, &str)] = &[
    ("ledger_entries_chain", "{replace_entry} ('x', '{tenant}', 1, '{paid}', 'REFUND', 're', -1, -1, 0)"),
    ("ledger_entries_id_key", "{replace_entry} ('{entry}', '{tenant}', 2, '{paid}', 'REFUND', 're', -1, 4, 0)"),
    ("ledger_entries_effect_key", "{replace_entry} ('x', '{tenant}', 2, '{paid}', 'PURCHASE', '', 5, 10, 0)"),
    ("ledger_entries_append_only", "UPDATE OR REPLACE ledger_entries SET seq = 1"),
    ("no column named rowid", "REPLACE INTO ledger_entries (rowid) VALUES (1)"),
    ("purchases_id_key", "{replace_purchase} SELECT id, {copied}, NULL, NULL, NULL FROM purchases WHERE id = '{paid}'"),
    (
        "purchases_order_key_key",
        "{replace_purchase} SELECT 'x', {copied}, order_key, NULL, NULL FROM purchases WHERE id = '{bare}'",
    ),
    (
        "purchases_provider_ref_key",
        "{replace_purchase} SELECT 'x', {copied}, NULL, provider_ref, checkout_url FROM purchases WHERE id = '{paid}'",
    ),
    (
        "purchases_provider_ref_key",
        "UPDATE OR REPLACE purchases SET version = version + 1, provider_ref = '{session}', checkout_url = ''
            WHERE id = '{bare}'",
    ),
    ("purchases_snapshot", "UPDATE OR REPLACE purchases SET version = version + 1, id = '{paid}' WHERE id = '{bare}'"),
    (
        "purchases_ordered_by_fkey",
        "INSERT INTO {purchase_columns} VALUES ('x', 'nobody', 'nobody', 'STRIPE', 'credits_1', 'CREDITS', 'PENDING',
            149, 'EUR', 1, '{}', 0, 0, NULL, 1)",
    ),
    ("cannot store text value", "{insert_purchase} 'CREDITS', 'PENDING', 'much', 'EUR', 1, '{}', 0, 0, NULL, 1)"),
    (
        "payment_events_pkey",
        "REPLACE INTO payment_events SELECT id, provider, 'evt_x', event_type, api_version, livemode, payload,
            received_at, status, note, finished_at, attempts, next_attempt_at, tenant_id, purchase_id
            FROM payment_events",
    ),
    (
        "payment_events_provider_event_key",
        "REPLACE INTO payment_events SELECT 'x', provider, provider_event_id, event_type, api_version, livemode, x'00',
            received_at, status, note, finished_at, attempts, next_attempt_at, tenant_id, purchase_id
            FROM payment_events",
    ),
];

/// Runs a statement like the prompt of sqlite3, without foreign keys.
async fn try_by_hand(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let options: SqliteConnectOptions = url.parse()?;
    let mut connection = options.foreign_keys(false).connect().await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}
