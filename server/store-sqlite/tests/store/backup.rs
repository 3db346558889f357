//! Copies of the file: after a clean stop, and while the shop sells.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command, sync::Arc, time::Duration};

use billing::{
    Order,
    store::{PageRequest, PurchaseStore as _},
    testing::harness::Harness,
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tokio::time::sleep;

use crate::{Store, TestDatabase};

async fn buy(harness: &Harness) {
    let purchase = harness.billing.order(&harness.principal, Order::of("credits_5")).await.unwrap();
    harness.provider.pay(purchase.id);
    let session = purchase.checkout.unwrap().provider_ref;
    harness.billing.confirm_checkout(purchase.tenant_id, &session).await.unwrap();
}

fn url(file: &Path) -> String {
    format!("sqlite://{}", file.display())
}

#[tokio::test]
async fn a_copy_of_the_file_alone_after_a_clean_stop_lacks_nothing() {
    const PURCHASES: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    let store = Store::open(&url(&file)).await.unwrap();
    store.migrate().await.unwrap();
    // A back-up tool may keep the file open. Then closing the store must checkpoint the journal, because SQLite does so
    // only for the last connection.
    let mut other = url(&file).parse::<SqliteConnectOptions>().unwrap().connect().await.unwrap();
    sqlx::query("SELECT count(*) FROM purchases").fetch_one(&mut other).await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    for _ in 0..PURCHASES {
        buy(&harness).await;
    }
    store.close().await;
    store.close().await;

    let copy = folder.path().join("copy.db");
    fs::copy(&file, &copy).unwrap();
    other.close().await.unwrap();
    let copied = Store::open(&url(&copy)).await.unwrap();
    copied.check_migrated().await.unwrap();
    let page = PageRequest { limit: 100, older_than: None };
    assert_eq!(copied.purchases(harness.principal.tenant_id, page).await.unwrap().len(), PURCHASES);
    copied.close().await;
}

#[tokio::test]
async fn nobody_else_may_read_the_file_or_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode() & 0o777;
    let old = folder.path().join("old.db");
    fs::write(&old, "").unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o644)).unwrap();
    for name in ["new.db", "old.db"] {
        let store = Store::open(&url(&folder.path().join(name))).await.unwrap();
        store.migrate().await.unwrap();
        for suffix in ["", "-wal", "-shm"] {
            assert_eq!(mode(&format!("{name}{suffix}")), 0o600, "{name}{suffix}");
        }
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_while_the_shop_sells_is_whole() {
    let database = TestDatabase::create().await.unwrap();
    let store = database.store().await.unwrap();
    let harness = Harness::open(Arc::new(store.clone()), 1).await;
    let seller = {
        let harness = harness.clone();
        tokio::spawn(async move {
            loop {
                buy(&harness).await;
            }
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let source = database.url().replacen("sqlite://", "", 1);
    for round in 0..4 {
        sleep(Duration::from_millis(100)).await;
        let copy = folder.path().join(format!("copy-{round}.db"));
        let copy_name = copy.display();
        let command =
            if round % 2 == 0 { format!("VACUUM INTO '{copy_name}'") } else { format!(".backup '{copy_name}'") };
        // The command from the operator's documentation.
        let status = Command::new("sqlite3").args(["-cmd", ".timeout 10000", &source, &command]).status();
        assert!(status.expect("the command sqlite3 is installed").success(), "{command}");
        check_books(&copy).await;
    }
    seller.abort();
    store.close().await;
    database.remove().await.unwrap();
}

/// Checks pages, foreign keys, the ledger's chain, and that each paid purchase has its entry.
async fn check_books(copy: &Path) {
    let mut connection = url(copy).parse::<SqliteConnectOptions>().unwrap().connect().await.unwrap();
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection).await.unwrap();
    assert_eq!(sound, "ok");
    assert!(sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap().is_empty());
    let broken_links = "SELECT count(*) FROM ledger_entries AS entry LEFT JOIN ledger_entries AS before
            ON before.tenant_id = entry.tenant_id AND before.seq = entry.seq - 1
        WHERE entry.balance_after <> COALESCE(before.balance_after, 0) + entry.credits
            OR (before.seq IS NULL AND entry.seq <> 1)";
    let unbooked = "SELECT count(*) FROM purchases WHERE status = 'PAID'
        AND NOT EXISTS (SELECT 1 FROM ledger_entries WHERE purchase_id = purchases.id)";
    for wrong in [broken_links, unbooked] {
        let found: i64 = sqlx::query_scalar(wrong).fetch_one(&mut connection).await.unwrap();
        assert_eq!(found, 0, "{wrong}");
    }
    let entries: i64 =
        sqlx::query_scalar("SELECT count(*) FROM ledger_entries").fetch_one(&mut connection).await.unwrap();
    assert!(entries > 0, "there was something to copy");
    connection.close().await.unwrap();
}
