//! The tests of every store, and those for PostgreSQL only, on PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod breaker;
mod claims;
mod groups;
mod half_open;
mod migrating;
mod pgbouncer;
mod plans;
#[path = "../../../store-shared/tests/mod.rs"]
mod portable;
mod proxy;
mod roles;
mod server;
mod tls;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, postgres::PgConnectOptions};
use store_postgres::{MigrateError, PostgresStore as Store, testing::TestDatabase};

/// PostgreSQL's type for bytes.
const BYTES: &str = "BYTEA";

/// Attacks that only PostgreSQL's SQL can express.
const ATTACKS: &[(&str, &str)] = &[
    ("ledger_entries_append_only", "TRUNCATE ledger_entries CASCADE"),
    ("ledger_entries_append_only", "MERGE INTO ledger_entries USING tenants ON TRUE WHEN MATCHED THEN DELETE"),
    ("purchases_keep", "TRUNCATE purchases CASCADE"),
    ("purchases_keep", "TRUNCATE tenants CASCADE"),
    ("payment_events_keep", "TRUNCATE payment_events"),
    (
        "ledger_entries_append_only",
        "{insert_entry} ('{entry}', '{tenant}', 2, '{paid}', 'REFUND', 're', -1, 4, 0)
            ON CONFLICT (id) DO UPDATE SET credits = 500",
    ),
    ("purchases_ordered_by_fkey", "DELETE FROM users"),
];

/// Runs a statement like psql.
async fn try_by_hand(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut connection = options.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
    connection.close().await
}
