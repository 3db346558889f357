//! Tests of the real router on both databases, and of the real process.
//!
//! PostgreSQL is the server that `TEST_POSTGRES_URL` names; `scripts/test` starts one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::needless_pass_by_value, reason = "each test owns its shop")]

/// One runtime for all tests, as in the process, because Leptos's rendering threads outlive a test.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// Makes of each `async fn(TestShop)` a test on SQLite and one on PostgreSQL.
macro_rules! on_both_databases {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[test]
                fn $name() {
                    let test = crate::RUNTIME.spawn(async {
                        let database = store_sqlite::testing::TestDatabase::create().await.unwrap();
                        super::$name(crate::shop::TestShop::open(&database.url()).await).await;
                        database.remove().await.unwrap();
                    });
                    crate::RUNTIME.block_on(test).unwrap();
                }
            )+
        }
        mod postgres {
            $(
                #[test]
                fn $name() {
                    let test = crate::RUNTIME.spawn(async {
                        let database = store_postgres::testing::TestDatabase::create().await.unwrap();
                        super::$name(crate::shop::TestShop::open(&database.url()).await).await;
                        database.remove().await.unwrap();
                    });
                    crate::RUNTIME.block_on(test).unwrap();
                }
            )+
        }
    };
}

use std::sync::LazyLock;

use tokio::runtime::Runtime;

mod addresses;
mod admin;
mod consent;
mod customer;
mod files;
mod forms;
mod gauges;
mod half_open;
mod health;
mod identity;
mod isolation;
mod languages;
mod listeners;
mod log;
mod lost_sales;
mod mails;
mod mode;
mod openapi;
mod operator;
mod orders;
mod outage;
mod page_cache;
mod platform;
mod platform_access;
mod platform_holds;
mod platform_idempotency;
mod platform_keys;
mod platform_spends;
mod problems;
mod process;
mod provider;
mod random_requests;
mod receipts;
mod reversals;
mod rolling_restart;
mod schemas;
mod security;
mod server_functions;
mod shop;
mod stream;
mod wallet_pages;
mod webhook;
mod webhook_receiver;
mod webhooks_out;
mod withdrawals;
