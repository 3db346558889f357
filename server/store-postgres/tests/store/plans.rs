//! How much the statements read. Tests on small tables cannot tell: each plan is fast there.

use std::{sync::Arc, time::Duration};

use billing::{
    ids::TenantId,
    ledger::EntryKind,
    store::{Committed, EntryFilter, Store as _, WalletStore as _},
    testing::harness::Harness,
};
use futures::future::join_all;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio::time::sleep;

use crate::{TestDatabase, groups::settlements, try_by_hand};

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

/// How many rows and index entries of a table have been read since the database was made. Connections report it when
/// they end, some time after that.
async fn reads(connection: &mut PgConnection, table: &str) -> i64 {
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut *connection).await.unwrap() > 0 {
        sleep(Duration::from_millis(20)).await;
    }
    let read = "SELECT CAST((seq_tup_read + idx_tup_fetch) + (
            SELECT sum(idx_tup_read) FROM pg_stat_user_indexes AS of_index WHERE of_index.relid = of_table.relid
        ) AS BIGINT) FROM pg_stat_user_tables AS of_table WHERE relname = $1";
    sqlx::query_scalar(read).bind(table).fetch_one(connection).await.unwrap()
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
            let before = reads(&mut connection, "ledger_entries").await;
            let store = database.store().await.unwrap();
            let filter = EntryFilter { kind: Some(kind), reference: None, before: None, limit: 21 };
            assert_eq!(store.described_entries(tenant, &filter).await.unwrap().len(), found, "{kind}");
            store.close().await;
            let read = reads(&mut connection, "ledger_entries").await - before;
            assert!(read < 1_000, "{kind}, {plans}: {read} rows and index entries of {ENTRIES} were read");
        }
    }
    connection.close().await.unwrap();
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_group_of_changes_reads_its_own_purchases_also_by_a_plan_from_when_there_were_few() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let options: PgConnectOptions = database.url().parse().unwrap();
    let name = options.get_database().unwrap();
    database.store().await.unwrap().close().await;
    let mut connection = options.connect().await.unwrap();
    for (plans, seed) in [("force_custom_plan", 1), ("force_generic_plan", 2)] {
        try_by_hand(&database.url(), format!("ALTER DATABASE {name} SET plan_cache_mode = {plans}")).await.unwrap();
        let store = database.store().await.unwrap();
        let harness = Harness::open(Arc::new(store.clone()), seed).await;
        let changes = settlements(&harness, 320).await;
        store.close().await;
        let before = reads(&mut connection, "purchases").await;
        let store = database.store().await.unwrap();
        for group in changes.chunks(32) {
            for outcome in join_all(group.iter().map(|change| store.commit(change))).await {
                assert_eq!(outcome.unwrap(), Committed::Yes);
            }
        }
        store.close().await;
        let read = reads(&mut connection, "purchases").await - before;
        assert!(read < 10 * 320, "{plans}: 320 changes read {read} rows and index entries");
    }
    connection.close().await.unwrap();
    database.remove().await.unwrap();
}
