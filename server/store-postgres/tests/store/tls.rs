//! TLS to the test server, also with a role that requires TLS.

use std::{env, path::PathBuf};

use sqlx::{ConnectOptions, Connection as _, postgres::PgConnectOptions};
use store_postgres::OpenError;

use crate::{Store, TestDatabase};

/// `pg_hba.conf` accepts this role only with TLS.
const TLS_ROLE: &str = "tls_only";

fn ca() -> PathBuf {
    let file = env::var_os("TEST_POSTGRES_CA");
    file.unwrap_or_else(|| panic!("TEST_POSTGRES_CA names no certificate of a CA: run scripts/test")).into()
}

/// The database's URL with this role and these parameters.
fn url(database: &TestDatabase, parameters: &str) -> String {
    let url = database.url();
    let (bare, _) = url.split_once('?').unwrap();
    format!("{}?{parameters}", bare.replacen("postgres@", &format!("{TLS_ROLE}@"), 1))
}

async fn is_encrypted(url: &str) -> bool {
    let mut connection = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
    let question = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let encrypted = sqlx::query_scalar(question).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    encrypted
}

#[tokio::test]
async fn a_server_that_takes_tls_alone_is_reached_by_tls() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let trusted = format!("sslmode=verify-full&sslrootcert={}", ca().display());
    for parameters in ["sslmode=require", "sslmode=prefer", &trusted] {
        let url = url(&database, parameters);
        Store::open(&url).await.unwrap_or_else(|error| panic!("{parameters}: {error}")).close().await;
        assert!(is_encrypted(&url).await, "{parameters}");
    }
    database.remove().await.unwrap();
}

#[tokio::test]
async fn a_connection_that_tls_forbids_gets_a_sentence() {
    let database = TestDatabase::create().await.unwrap_or_else(|error| panic!("{error}"));
    let refused = Store::open(&url(&database, "sslmode=disable")).await.unwrap_err();
    assert!(matches!(refused, OpenError::Unencrypted { .. }), "{refused:?}");
    assert!(refused.to_string().contains("sslmode=require"), "{refused}");

    let other = ca().with_file_name("other-ca.crt");
    for (parameters, named) in [
        (format!("sslmode=verify-full&sslrootcert={}", other.display()), "sslrootcert"),
        (format!("sslmode=verify-ca&sslrootcert={}", other.display()), "sslrootcert"),
        ("sslmode=verify-full".to_owned(), "sslrootcert"),
        ("sslmode=verify-full&sslrootcert=/nowhere/ca.crt".to_owned(), "sslrootcert"),
    ] {
        let refused = Store::open(&url(&database, &parameters)).await.unwrap_err();
        assert!(matches!(refused, OpenError::Tls { .. }), "{parameters}: {refused:?}");
        assert!(refused.to_string().contains(named) && !refused.is_passing(), "{refused}");
    }
    database.remove().await.unwrap();
}
