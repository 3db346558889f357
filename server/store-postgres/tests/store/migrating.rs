//! Migrations while others read and write.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions as _, Connection as _, postgres::PgConnectOptions};
use tokio::time::sleep;

use crate::{TestDatabase, try_by_hand};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_waits_for_a_long_reader_lets_others_read() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    // The sixth migration changes the table of purchases.
    let store = database.store_at(5).await.unwrap();
    let options: PgConnectOptions = database.url().parse().unwrap();
    let mut reader = options.connect().await.unwrap();
    let mut reading = reader.begin().await.unwrap();
    sqlx::raw_sql("SELECT count(*) FROM purchases").execute(&mut *reading).await.unwrap();

    let migration = tokio::spawn({
        let store = store.clone();
        async move { store.migrate().await }
    });
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        let asked = Instant::now();
        try_by_hand(&database.url(), "SELECT count(*) FROM purchases".to_owned()).await.unwrap();
        assert!(asked.elapsed() < Duration::from_secs(2), "a reader waited {:?}", asked.elapsed());
        sleep(Duration::from_millis(50)).await;
    }
    assert!(!migration.is_finished(), "it still tries");
    reading.rollback().await.unwrap();
    migration.await.unwrap().unwrap();
    store.check_migrated().await.unwrap();
    store.close().await;
    reader.close().await.unwrap();
    database.remove().await.unwrap();
}

/// Creating an index in a transaction blocks all writes to its table.
#[test]
fn an_index_on_a_table_in_use_is_made_concurrently() {
    const SINCE: &str = "0008";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations/postgres");
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if *name >= *SINCE {
            assert_eq!(fault(&fs::read_to_string(&path).unwrap()), None, "{name}");
        }
    }
}

fn fault(sql: &str) -> Option<&'static str> {
    let code: String = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ");
    let statements: Vec<_> = code.split(';').map(str::trim).filter(|statement| !statement.is_empty()).collect();
    let concurrently = |statement: &str| statement.contains("INDEX CONCURRENTLY ");
    // A table that the same migration creates is not in use yet.
    let on_new_table = |statement: &str| {
        let table = statement.split(" ON ").nth(1).and_then(|rest| rest.split([' ', '(']).next()).unwrap_or_default();
        statements.iter().any(|other| other.starts_with(&format!("CREATE TABLE {table} (")))
    };
    let index =
        |statement: &&&str| statement.starts_with("CREATE INDEX") || statement.starts_with("CREATE UNIQUE INDEX");
    for statement in statements.iter().filter(index) {
        if !concurrently(statement) {
            if !on_new_table(statement) {
                return Some("an index on a table in use: CREATE INDEX CONCURRENTLY");
            }
        } else if statements.len() > 1 {
            return Some("CREATE INDEX CONCURRENTLY stands in a file of its own");
        } else if !sql.starts_with("-- no-transaction") {
            return Some("a file with CREATE INDEX CONCURRENTLY begins with -- no-transaction");
        }
    }
    None
}

#[test]
fn the_rule_about_indexes_is_not_blind() {
    let right = "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON purchases (id);\n";
    let fresh = "CREATE TABLE t (\n    id TEXT\n);\nCREATE INDEX i ON t (id);\n";
    assert_eq!((fault(right), fault(fresh)), (None, None));
    for wrong in [
        "CREATE INDEX i ON purchases (id);",
        "CREATE UNIQUE INDEX i\n    ON purchases (id);",
        "CREATE INDEX CONCURRENTLY i ON purchases (id);",
        "-- no-transaction\nSELECT 1; CREATE INDEX CONCURRENTLY i ON purchases (id);",
    ] {
        assert!(fault(wrong).is_some(), "{wrong}");
    }
}
