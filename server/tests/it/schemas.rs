//! The two databases' schemas, side by side.

use store_postgres::testing::TestDatabase as Postgres;
use store_sqlite::testing::TestDatabase as Sqlite;

#[tokio::test]
async fn a_migration_of_one_database_is_not_forgotten_in_the_other() {
    let (sqlite, postgres) = (Sqlite::create().await.unwrap(), Postgres::create().await.unwrap());
    sqlite.store().await.unwrap().close().await;
    postgres.store().await.unwrap().close().await;
    let schema = sqlite.schema().await.unwrap();
    for line in ["purchases.amount_cents integer not null", "mails.copies integer not null"] {
        assert!(schema.contains(line), "{line}: {schema:?}");
    }
    for kind in ["index ", "constraint "] {
        assert!(schema.iter().any(|line| line.starts_with(kind)), "{schema:?}");
    }
    let other = postgres.schema().await.unwrap();
    let differences: Vec<_> = schema.symmetric_difference(&other).collect();
    assert!(differences.is_empty(), "in one of the two alone: {differences:#?}");
    sqlite.remove().await.unwrap();
    postgres.remove().await.unwrap();
}
