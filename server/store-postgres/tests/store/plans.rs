//! How much the statements read. Tests on small tables cannot tell: each plan is fast there.

use std::time::Duration;

use billing::{
    ids::TenantId,
    ledger::EntryKind,
    store::{EntryFilter, WalletStore as _},
};
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::sleep;

use crate::{TestDatabase, try_by_hand};

const ENTRIES: i64 = 100_000;

/// A tenant with that many spends, and one older grant. The triggers, which look at each row, are switched off meanwhile.
fn fill(tenant: TenantId) -> String {
    format!(
        "ALTER TABLE spends DISABLE TRIGGER USER;
        ALTER TABLE ledger_entries DISABLE TRIGGER USER;
        CREATE TEMPORARY SEQUENCE made;
        CREATE FUNCTION pg_temp.made() RETURNS TEXT LANGUAGE sql AS $$
            SELECT '0198f2a4-7b1c-7def-8a2b-' || lpad(to_hex(nextval('made')), 12, '0') $$;
        INSERT INTO tenants (id, created_at) VALUES ('{tenant}', 0);
        INSERT INTO grants (id, tenant_id, credits, reason, granted_by, created_at)
            VALUES (pg_temp.made(), '{tenant}', {ENTRIES}, 'x', 'x', 0);
        INSERT INTO ledger_entries (id, tenant_id, seq, grant_id, kind, effect_ref, credits, balance_after, created_at)
            SELECT id, tenant_id, 1, id, 'GRANT', id, credits, credits, 0 FROM grants;
        INSERT INTO spends (id, tenant_id, credits, metadata_json, created_at)
            SELECT pg_temp.made(), '{tenant}', 1, '{{}}', n FROM generate_series(2, {ENTRIES}) AS n;
        INSERT INTO ledger_entries (id, tenant_id, seq, spend_id, kind, effect_ref, credits, balance_after, created_at)
            SELECT id, tenant_id, created_at, id, 'SPEND', id, -1, {ENTRIES} + 1 - created_at, 0 FROM spends;
        ALTER TABLE spends ENABLE TRIGGER USER;
        ALTER TABLE ledger_entries ENABLE TRIGGER USER;
        ANALYZE;"
    )
}

/// How many rows and index entries of the ledger have been read since the database was made. Connections report it when
/// they end, some time after that.
async fn reads(connection: &mut PgConnection) -> i64 {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut *connection).await.unwrap() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let read = "SELECT CAST((seq_tup_read + idx_tup_fetch) + (
            SELECT sum(idx_tup_read) FROM pg_stat_user_indexes AS of_index WHERE of_index.relid = of_table.relid
        ) AS BIGINT) FROM pg_stat_user_tables AS of_table WHERE relname = 'ledger_entries'";
    sqlx::query_scalar(read).fetch_one(connection).await.unwrap()
}

#[tokio::test]
async fn a_page_of_one_kind_reads_no_entries_of_other_kinds() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    database.store().await.unwrap().close().await;
    let tenant: TenantId = "0198f2a4-7b1c-7def-8a2b-0123456789ab".parse().unwrap();
    try_by_hand(&database.url(), fill(tenant)).await.unwrap();
    let options: PgConnectOptions = database.url().parse().unwrap();
    let name = options.get_database().unwrap();
    let mut connection = options.connect().await.unwrap();
    // PostgreSQL chooses between a plan for the arguments of each execution, and one for all arguments.
    for plans in ["force_custom_plan", "force_generic_plan"] {
        try_by_hand(&database.url(), format!("ALTER DATABASE {name} SET plan_cache_mode = {plans}")).await.unwrap();
        for (kind, found) in [(EntryKind::Grant, 1), (EntryKind::Purchase, 0), (EntryKind::Spend, 21)] {
            let before = reads(&mut connection).await;
            let store = database.store().await.unwrap();
            let filter = EntryFilter { kind: Some(kind), reference: None, before: None, limit: 21 };
            assert_eq!(store.described_entries(tenant, &filter).await.unwrap().len(), found, "{kind}");
            store.close().await;
            let read = reads(&mut connection).await - before;
            assert!(read < 1_000, "{kind}, {plans}: {read} rows and index entries of {ENTRIES} were read");
        }
    }
    connection.close().await.unwrap();
    database.remove().await.unwrap();
}
